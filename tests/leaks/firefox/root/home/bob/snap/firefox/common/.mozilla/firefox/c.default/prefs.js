user_pref("network.trr.mode", 3);
user_pref("network.trr.uri", "https://doh.example.net:8443/dns-query");

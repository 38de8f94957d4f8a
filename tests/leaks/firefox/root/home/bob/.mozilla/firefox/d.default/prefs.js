user_pref("doh-rollout.mode", 2);
user_pref("doh-rollout.uri", "https://private.canadianshield.cira.ca/dns-query");

user_pref("network.trr.mode", 5);

user_pref("network.trr.mode", 2);

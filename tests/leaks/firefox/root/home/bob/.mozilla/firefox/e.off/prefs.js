user_pref("doh-rollout.mode", 2);
user_pref("network.trr.mode", 5);

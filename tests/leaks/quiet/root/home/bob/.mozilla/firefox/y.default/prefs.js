// Mozilla User Preferences
user_pref("browser.x", "network.trr.mode\", 2");

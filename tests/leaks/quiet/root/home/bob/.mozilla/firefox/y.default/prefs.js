// Mozilla User Preferences
// user_pref("network.trr.mode", 3);
user_pref("browser.x", "network.trr.mode\", 2");

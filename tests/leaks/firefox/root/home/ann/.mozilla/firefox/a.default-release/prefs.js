user_pref("app.update.auto", true);
user_pref("network.trr.mode", 2);

# Replies to an incident's message: what its editing alone would not make anybody notice.
news-worse = 🔺 **{ $name }** got worse: { $severity ->
    [critical] critical
    [warning] warning
   *[other] { $severity }
}
news-failed = ❌ **{ $name }** failed
news-over = ✅ **{ $name }** is over after { $after }
news-fixed = ✅ **{ $name }** works again after { $after }
news-reopened = 🔁 **{ $name }** is back
news-flapping = 〰️ **{ $name }** is flapping: back { $times } times; from now on only the message above changes

# Details in its thread.
news-step = ❌ **{ $step }** ({ $workflow }) ended with exit code { $code }
news-deployment = 📜 The log of **{ $name }**

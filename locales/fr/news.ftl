# Réponses au message d’un incident : ce que sa seule modification ne signalerait à personne.
news-worse = 🔺 **{ $name }** s’aggrave : { $severity ->
    [critical] critique
    [warning] avertissement
   *[other] { $severity }
}
news-failed = ❌ **{ $name }** a échoué
news-over = ✅ **{ $name }** est terminé au bout de { $after }
news-fixed = ✅ **{ $name }** fonctionne à nouveau au bout de { $after }
news-reopened = 🔁 **{ $name }** est de retour
news-flapping = 〰️ **{ $name }** est instable : revenu { $times } fois ; désormais seul le message ci-dessus change

# Détails dans son fil.
news-step = ❌ **{ $step }** ({ $workflow }) s’est terminé avec le code { $code }
news-deployment = 📜 Le journal de **{ $name }**

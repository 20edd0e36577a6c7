# Texts of channel messages. What people wrote arrives here escaped and cut to length.

open-link = Ouvrir
left-out = { $n ->
    [one] { $n } caractère omis
   *[other] { $n } caractères omis
}
more = et { $n } de plus

# Names of fields.
field-state = État
field-branch = Branche
field-labels = Étiquettes
field-reviewers = Relecture
field-assignees = Assignation
field-milestone = Jalon
field-history = Historique
field-commit = Commit
field-files = Fichiers
field-format = Format
field-severity = Gravité
field-since = Depuis
field-resolved = Résolu
field-duration = Durée
field-value = Valeur
field-service = Service
field-target = Cible
field-method = Sonde
field-ping = Temps de réponse
field-result = Résultat
field-exit = Terminé par
field-journal = Son journal
field-invocation = Invocation
field-reports = Signalé par
field-event = Déclencheur
field-machine = Machine
field-generation = Génération

# Commits, branches and tags.
push-commits = { $n ->
    [one] { $n } commit sur { $name }
   *[other] { $n } commits sur { $name }
}
push-created = { $kind ->
    [branch] { $n ->
        [one] { $n } commit sur la nouvelle branche { $name }
       *[other] { $n } commits sur la nouvelle branche { $name }
    }
    [tag] { $n ->
        [one] { $n } commit sur le nouveau tag { $name }
       *[other] { $n } commits sur le nouveau tag { $name }
    }
   *[other] { $n ->
        [one] { $n } commit sur la nouvelle référence { $name }
       *[other] { $n } commits sur la nouvelle référence { $name }
    }
}
more-commits = { $n ->
    [one] et { $n } autre commit
   *[other] et { $n } autres commits
}
ref-created = { $kind ->
    [branch] Nouvelle branche { $name }
    [tag] Nouveau tag { $name }
   *[other] Nouvelle référence { $name }
}
ref-deleted = { $kind ->
    [branch] Branche { $name } supprimée
    [tag] Tag { $name } supprimé
   *[other] Référence { $name } supprimée
}
ref-moved = { $kind ->
    [branch] Branche { $name } déplacée vers { $sha }
    [tag] Tag { $name } déplacé vers { $sha }
   *[other] Référence { $name } déplacée vers { $sha }
}

# Pull requests and issues.
state-open = Ouvert
state-draft = Brouillon
state-closed = Fermé
state-merged = Fusionné
review-title = { $verdict ->
    [approved] Approbation : { $title }
    [rejected] Modifications demandées : { $title }
   *[commented] Relecture : { $title }
}
comment-title = { $action ->
    [edited] Commentaire modifié : { $title }
    [deleted] Commentaire supprimé : { $title }
   *[other] Nouveau commentaire : { $title }
}

# Lines of a history.
step-by = { $what } par { $who }
steps-between = { $n ->
    [one] … { $n } étape …
   *[other] … { $n } étapes …
}
step = { $deed ->
    [opened] Ouverture
    [reopened] Réouverture
    [closed] Fermeture
    [merged] Fusion
    [pushed] { $times ->
        [one] Nouveaux commits
       *[other] Nouveaux commits ({ $times } fois)
    }
    [edited] Modification
    [approved] Approbation
    [rejected] Modifications demandées
    [commented] Remarque
    [labelled] Changement d’étiquettes
    [milestoned] Changement de jalon
    [assigned] Changement d’assignation
    [review_requested] Changement de relecture
   *[other] { $word }
}

# Releases, checks and workflows.
release-title = { $action ->
    [published] { $kind ->
        [draft] Brouillon de la version { $tag }
        [prerelease] Préversion { $tag }
       *[release] Version { $tag }
    }
    [deleted] Version { $tag } supprimée
   *[other] { $kind ->
        [draft] Brouillon de la version { $tag } mis à jour
        [prerelease] Préversion { $tag } mise à jour
       *[release] Version { $tag } mise à jour
    }
}
check-state = { $state ->
    [pending] en attente
    [success] réussite
    [failure] échec
    [error] erreur
    [warning] réussite avec avertissements
    [queued] en file d’attente
    [waiting] en attente
    [in_progress] en cours
    [cancelled] annulation
    [skipped] ignoré
   *[other] { $word }
}
status-title = { $context } : { $state }
workflow-title = { $kind ->
    [job] Tâche { $name } : { $state }
   *[run] Workflow { $name } : { $state }
}

# Repositories, wikis and packages.
repository-title = { $action ->
    [created] Dépôt créé
    [deleted] Dépôt supprimé
    [forked] Fork vers { $fork }
   *[other] Dépôt : { $word }
}
wiki-title = { $action ->
    [created] Nouvelle page de wiki { $page }
    [edited] Page de wiki { $page } modifiée
    [deleted] Page de wiki { $page } supprimée
   *[other] Page de wiki { $page } : { $word }
}
package-title = { $action ->
    [created] Nouveau paquet { $name } { $version }
    [deleted] Paquet { $name } { $version } supprimé
   *[other] Paquet { $name } { $version } : { $word }
}

# What goes on, or has ended.
life-title = { $state ->
    [flapping] Instable : { $name }
    [acknowledged] Pris en charge : { $name }
    [silenced] Mis en sourdine : { $name }
    [resolved] Résolu : { $name }
   *[firing] En cours : { $name }
}
severity = { $severity ->
    [critical] Critique
    [warning] Avertissement
   *[info] Information
}
resolved-after = après { $duration }
milliseconds = { $n } ms
acknowledged = 👀 { $who } s’en occupe, depuis { $since }
silenced = 🔕 Mis en sourdine par { $who } jusqu’à { $until } ({ $left })
flapping = 〰️ Instable : rouvert { $n } fois en une heure
reopened = { $n ->
    [one] 🔁 Rouvert { $last }
   *[other] 🔁 Rouvert { $n } fois, la dernière { $last }
}
late = 🕰️ Découvert après coup : survenu le { $happened }, découvert le { $found }
late-undated = 🕰️ Découvert après coup, le { $found }

# Alerts.
link-runbook = Procédure
link-dashboard = Tableau de bord
link-source = Origine
link-silence = Mettre en sourdine
suppressed = { $n ->
    [one] 🔕 Passé sous silence par une mise en sourdine ou une autre alerte : { $ids }
   *[other] 🔕 Passé sous silence par { $n } mises en sourdine ou autres alertes : { $ids }
}
alerts-left-out = { $n ->
    [one] … et { $n } autre alerte de ce groupe, omise par la source
   *[other] … et { $n } autres alertes de ce groupe, omises par la source
}

# Services, monitors and units.
availability-title = { $state ->
    [pending] { $name } ne répond pas : nouvel essai en cours
    [maintenance] { $name } est en maintenance
    [again] { $name } est de nouveau disponible
    [up] { $name } est disponible
   *[down] { $name } est indisponible
}
report-says = { $says ->
    [up] disponible
   *[down] indisponible
}
source-name = { $source ->
    [gitea] Gitea
    [alertmanager] Alertmanager
    [grafana] Grafana
    [kuma] Uptime Kuma
    [woodpecker] Woodpecker
    [deploy] Déploiement
    [systemd] systemd
    [generic] Webhook
   *[vigie] Vigie
}
unit-title = { $state ->
    [recovered] { $name } fonctionne de nouveau
    [over] { $name } n’est plus en échec
   *[failed] { $name } a échoué
}
unit-result = { $result ->
    [exit-code] son programme s’est terminé par une erreur
    [signal] son programme a été tué par un signal
    [core-dump] son programme a planté
    [oom-kill] la machine a manqué de mémoire
    [timeout] délai dépassé
    [watchdog] plus aucun signe de vie
    [start-limit-hit] trop de démarrages à la suite
    [resources] le système n’avait pas de quoi la démarrer
    [protocol] comportement contraire à ce que dit son unité
    [exec-condition] sa condition n’était pas remplie
   *[other] { "" }
}
unit-exit-code = code de sortie { $code }
unit-exit-signal = { $name ->
    [none] signal { $number }
   *[other] signal { $number } ({ $name })
}

# Somebody tries whether alerts arrive.
test-title = 🧪 Ceci est un test : { $name }

# Pipelines and deployments.
pipeline-title = { $state ->
    [pending] Le pipeline #{ $number } est en attente
    [running] Le pipeline #{ $number } est en cours
    [blocked] Le pipeline #{ $number } attend une approbation
    [success] Le pipeline #{ $number } a réussi
    [fixed] Réparé par le pipeline #{ $number }
    [error] Le pipeline #{ $number } n’a pas pu être lancé
    [killed] Le pipeline #{ $number } a été arrêté
    [declined] Le pipeline #{ $number } a été refusé
    [skipped] Le pipeline #{ $number } a été ignoré
   *[failure] Le pipeline #{ $number } a échoué
}
pipeline-event = { $event ->
    [push] push
    [pull_request] pull request
    [pull_request_closed] fin d’une pull request
    [tag] tag
    [release] version
    [deployment] déploiement
    [cron] planification
    [manual] à la main
   *[other] { $word }
}
pipeline-broken-by = ❌ Cassé par le pipeline #{ $number }
pipeline-before = ❌ Le précédent a échoué
step-failed = { $name } a échoué
step-exited = { $name } a échoué avec le code de sortie { $code }
more-steps = { $n ->
    [one] et { $n } autre étape en échec
   *[other] et { $n } autres étapes en échec
}
earlier-lines = { $n ->
    [one] *… { $n } ligne précédente …*
   *[other] *… { $n } lignes précédentes …*
}
deployment-title = Déploiement { $name } : { $state }
deployment-state = { $state ->
    [planned] prévu
    [building] en construction
    [switching] bascule en cours
    [checking] vérification de sa santé
    [live] en service
    [rolled_back] version précédente rétablie
    [failed] échec
   *[other] { $word }
}

# Un salon qui ne prend pas les messages du bot.
refused-title = Un salon ne prend plus de messages
refused-text = Salon { $channel } : { $why }. Ce qui lui revient est gardé, et suivra de lui-même dès que possible.

# Une source qui ne peut pas être interrogée.
woodpecker-away-title = Woodpecker est injoignable
woodpecker-away-text = Depuis le { $since }, les pipelines ne sont plus suivis : { $reason }. Ce qui se passe entre-temps sera affiché, en retard, quand Woodpecker sera de retour.
woodpecker-back-title = Woodpecker est de retour
woodpecker-back-text = Il était injoignable depuis le { $since }. Ce qui s’est passé entre-temps est affiché maintenant, en retard.

# Incidents qui partagent un message.
digest-title = { $kind ->
    [storm] { $open ->
        [0] Tempête terminée : { $n } incidents
       *[other] Tempête : { $n } incidents, { $open } en cours
    }
    [quiet] Pendant les heures calmes : { $n ->
        [one] 1 incident
       *[other] { $n } incidents
    }{ $open ->
        [0] , aucun en cours
       *[other] , { $open } en cours
    }
   *[backlog] Pendant l’absence de Discord : { $n ->
        [one] 1 incident
       *[other] { $n } incidents
    }{ $open ->
        [0] , aucun en cours
       *[other] , { $open } en cours
    }
}
digest-about = { $kind ->
    [storm] { $open ->
        [0] Trop à la fois pour un message chacun, depuis { $since } ; tous sont terminés.
       *[other] Trop à la fois pour un message chacun : depuis { $since }, les suivants s’ajoutent ici.
    }
    [quiet] Retenus de { $since } à { $until } ; leur état actuel :
   *[backlog] En attente depuis { $since } ; leur état actuel :
}
digest-group = { $severity ->
    [critical] Critique
    [warning] Avertissement
   *[info] Information
} · { $phase ->
    [open] en cours
    [ended] terminé
   *[said] signalé
} : { $n }

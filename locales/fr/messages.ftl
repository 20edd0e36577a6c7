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

# Un salon qui ne prend pas les messages du bot.
refused-title = Un salon ne prend plus de messages
refused-text = Salon { $channel } : { $why }. Ce qui lui revient est gardé, et suivra de lui-même dès que possible.

# Texts of commands and their answers.

answer-late = { $asker } a demandé /{ $command } ; la réponse privée a trop tardé, la voici :

error-store-unavailable = La base ne répond pas. Réessayez dans une minute ; si cela dure, le journal de vigie.service dit pourquoi.
error-command-outdated = Cette commande a changé. Rechargez Discord (Ctrl-R) et réessayez.
error-fault = C’est une erreur de Vigie. Son journal en dit plus.

help-description = Lister les commandes
help-title = Les commandes de Vigie

ping-description = Vigie est-elle là, et Discord est-il rapide ?
ping-title = Je suis là
ping-gateway = Passerelle : { $milliseconds } ms
ping-gateway-unknown = Passerelle : pas encore mesurée
ping-rest = REST : { $milliseconds } ms

roles-silent = Mentionner le rôle { $name } ({ $id }) ne prévient personne : rendez le rôle mentionnable, ou donnez au rôle de Vigie la permission « Mentionner @everyone, @here et tous les rôles ».
roles-unknown = Le serveur n’a pas de rôle { $id }, que la configuration appelle { $name } : corrigez [roles].

span-days = { $n } j
span-hours = { $n } h
span-minutes = { $n } min
span-seconds = { $n } s

status-description = L’état de Vigie : ses parties, sa version, ce qui attend
status-part-store = Base
status-part-gateway = Passerelle
status-part-delivery = Envoi
status-part-lease = Bail
status-part-sources = Sources
status-state-ok = fonctionne
status-state-warning = fonctionne, mais à surveiller
status-state-waiting = attend
status-state-failed = en panne
status-reason = { $state } : { $reason }
status-waiting = En attente
status-uptime = En marche depuis
status-counts = Événements : { $inbox }, messages : { $outbox }, retenus : { $parked }

# Buttons on alerts.

button-acknowledge = Je m’en occupe
button-release = Ne plus s’en occuper
button-silence-hour = Silence 1 h
button-silence-four-hours = Silence 4 h
button-silence-until = Silence jusqu’à…
button-unsilence = Annuler le silence
button-runbook = Procédure
button-forbidden = Vous ne pouvez pas faire cela : il faut la permission « { $permission } ». Qui l’a : { $who }.
button-unknown = Cette version de Vigie ne connaît pas ce bouton. Un message plus récent du même incident en a peut-être un qui fonctionne.
button-late = { $who }, votre clic n’a pas pu recevoir de réponse privée à temps : { $text }

action-acknowledged = Vous vous en occupez. Cela finit avec l’incident ; « Ne plus s’en occuper » y met fin avant.
action-acknowledged-already = { $who } s’en occupe déjà, depuis { $when }.
action-released = Plus personne ne s’en occupe.
action-released-already = Personne ne s’en occupait.
action-silenced = Alertmanager se tait jusqu’au { $until } ({ $when }). « Annuler le silence » y met fin avant.
action-silenced-already = { $who } a déjà mis un silence, jusqu’au { $until } ({ $when }).
action-unsilenced = Le silence est levé. Si l’alerte dure, Alertmanager la signalera de nouveau.
action-unsilenced-already = Il n’y avait pas de silence.
action-under-way = Quelqu’un d’autre le fait en ce moment. Regardez le message dans un instant.
action-over = Cet incident est terminé ; il n’y a plus rien à faire.
action-unknown = Vigie ne connaît plus cet incident : il est terminé, et plus ancien que ce qui est gardé.
action-unsilenceable = Ceci ne peut pas être mis en silence : ce n’est pas une alerte d’Alertmanager, ou Vigie n’a pas d’adresse où le joindre.
action-refused = Alertmanager ne l’a pas fait, et rien n’a changé : { $reason }
action-unsure = Alertmanager n’a pas répondu, il n’est donc pas certain qu’il l’ait fait. Vigie le vérifie, et le message le montrera d’ici quelques minutes : { $reason }

until-title = Silence jusqu’à…
until-label = Pour combien de temps, ou jusqu’à quand ?
until-placeholder = 2h30m, 3d, ou 2026-12-24 08:00 Europe/Paris
until-unreadable = Je ne lis pas { $text } comme un moment.
until-past = { $text } n’est pas dans le futur.
until-too-far = { $text } est à plus d’un an.
until-expected = Il faut une durée comme `90m`, `2h30m` ou `3d` (jours), ou un moment comme `AAAA-MM-JJ HH:MM`, en UTC ou suivi d’un décalage ou d’un fuseau : `2026-12-24 08:00 Europe/Paris`. Rien n’a changé.

permission-nobody = personne, pour l’instant

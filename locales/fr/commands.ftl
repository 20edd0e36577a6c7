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
status-state-ok = fonctionne
status-state-warning = fonctionne, mais à surveiller
status-state-waiting = attend
status-state-failed = en panne
status-reason = { $state } : { $reason }
status-waiting = En attente
status-uptime = En marche depuis
status-counts = Événements : { $inbox }, messages : { $outbox }, retenus : { $parked }

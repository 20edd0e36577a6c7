# Why a part of Vigie is as it is. What others said (an error of the system, Discord's own words) stays as it came.

reasons = { $first } ; { $second }
starting = démarrage en cours
lease-none = aucun n’est configuré ; compte comme détenu

# The store.
store-at = { $path } : { $reason }
store-failed = { $error } ; { $remedy }
store-disk-full = faites de la place sur son système de fichiers ; Vigie reprend d’elle-même
store-read-only = donnez à l’utilisateur de Vigie le droit d’écrire dans le fichier et son dossier ; Vigie reprend d’elle-même
store-disk-errors = cherchez des erreurs de disque dans le journal du noyau (dmesg), et un disque plein
store-can-not-open = vérifiez les droits du dossier, la place libre et la limite de fichiers ouverts
store-locked = un autre programme a verrouillé le fichier (une sauvegarde, un shell sqlite3 ouvert ?) ; terminez-le
store-corrupt = le fichier est abîmé : redémarrez Vigie, qui le met de côté et en commence un nouveau
store-out-of-memory = la machine n’a plus de mémoire
store-statement-refused = la base a refusé une instruction : { $error }
store-row-missing = la table { $table } de la base n’a pas de ligne { $id }
store-row-panicked = le travail sur la ligne { $id } de la table { $table } de la base a paniqué ; le journal dit où
store-newer = { $path } a le schéma { $found }, qui demande une Vigie connaissant le schéma { $needed } ou un plus récent ; celle-ci connaît { $known } : lancez la Vigie qui l’a écrit, ou restaurez une copie d’avant la mise à jour
store-foreign = { $path } est le fichier SQLite d’un autre programme : donnez à [store] path un fichier propre à Vigie
store-in-use = { $path } est utilisé par une autre Vigie : arrêtez-la d’abord (à deux, tout serait envoyé deux fois)
store-path = impossible d’utiliser { $path } comme base : { $error } ; son dossier doit exister et appartenir à l’utilisateur qui lance Vigie
store-not-writable = impossible d’ouvrir { $path } : { $error } ; donnez à l’utilisateur de Vigie le droit d’écrire dans son dossier, et de la place
store-damaged = la base était abîmée ({ $damage }) et se trouve maintenant dans { $aside } ; une nouvelle a été commencée : les messages en attente n’ont pas été envoyés et d’anciens événements peuvent réapparaître ; examinez le disque, et sauvez ce qui peut l’être avec `sqlite3 { $aside } .recover`
store-damaged-at-once = un fichier neuf est aussitôt abîmé ({ $damage })
store-no-thread = impossible de démarrer le fil d’exécution { $name } : { $error }
store-undone = SQLite a annulé la transaction
store-busy = trop de demandes attendent le disque ; réessayez
store-ending = elle est fermée, car Vigie s’arrête
store-given-up = la tâche a été abandonnée : elle a paniqué (voir le journal) ou Vigie s’arrête
store-unmeasured = impossible de mesurer la place pour { $path } : { $error }
store-backlog = plus de { $limit } messages attendent Discord ; ce qui a été accepté est en sûreté
store-crowded = { $waiting } messages attendent (limite { $limit }), donc les webhooks reçoivent 503 tant que rien n’est envoyé ; examinez la connexion à Discord et les salons qui ne suivent pas
store-nearly-full = Le disque de { $path } est presque plein ; /status et la page de Vigie disent à quel point. Faites de la place, ou réduisez [store] keep : quand il n’en restera plus, les webhooks recevront 503.
store-little-room = il reste { $free } Mio sur les { $total } Mio du disque (la base en prend { $store }) ; quand il n’en restera plus, les webhooks recevront 503.{ $unit ->
    [hours] {" "}À ce rythme il sera plein dans environ { $left } h.
    [days] {" "}À ce rythme il sera plein dans environ { $left } jours.
   *[unknown] {""}
} Faites de la place, ou réduisez [store] keep

# The session with the gateway.
gateway-asking = demande à Discord où est sa passerelle
gateway-budget = attend { $seconds } s avant la prochaine session ; Discord en permet encore { $remaining } sur { $total } par jour
gateway-connecting = connexion à la passerelle { $host }
gateway-registering = enregistrement des commandes
gateway-resuming = { $reason } ; la session reprend
gateway-next-attempt = { $reason } ; prochain essai dans { $seconds } s au plus
gateway-not-named = Discord n’a pas dit à temps où est sa passerelle
gateway-no-address = Discord a nommé « { $url } » comme passerelle : { $error }
gateway-not-discords = Discord a nommé « { $url } » comme passerelle, qui n’est pas chez lui
gateway-no-relay = impossible d’écouter en local pour serenity : { $error }
gateway-no-client = le client de serenity n’a pas été prêt à temps
gateway-relay-gone = le relais vers la passerelle a disparu
gateway-given-up = serenity a abandonné : { $error }
gateway-ended = serenity a abandonné sans erreur
gateway-setup-panicked = la préparation des commandes a paniqué ; signalez-le
gateway-setup-late = les commandes n’ont pas été prêtes à temps
gateway-serenity-absent = serenity ne s’est pas connectée au relais
gateway-serenity-closed = serenity a fermé la session
gateway-serenity-left = serenity a quitté la connexion
gateway-serenity-anew = serenity a abandonné la session
gateway-hasty = { $count } connexions de suite ont rompu aussitôt ; la dernière : { $reason }
gateway-binary = la passerelle a envoyé une trame binaire, que personne n’avait demandée
gateway-no-payload = la passerelle a envoyé autre chose qu’un message de passerelle
gateway-broken = la connexion a rompu : { $error }
gateway-cut = la connexion a pris fin sans trame de fermeture
gateway-asked-anew = Discord a demandé une nouvelle connexion
gateway-connection-invalid = Discord a invalidé la connexion
gateway-session-invalid = Discord a invalidé la session
gateway-no-acknowledgement = aucun battement de cœur n’a été confirmé en { $limit }
gateway-not-ready = la session n’a pas été prête en { $limit }
gateway-closed = Discord a fermé la connexion avec le code { $code }
gateway-closed-saying = Discord a fermé la connexion avec le code { $code } ({ $words })
gateway-closed-without-code = Discord a fermé la connexion sans code
gateway-unreachable = la passerelle { $host } est injoignable : { $reason }
gateway-dial-late = la connexion à la passerelle { $host } a pris plus de { $limit }
gateway-deaf = { $whom ->
    [serenity] serenity
   *[gateway] la passerelle
} n’a rien lu en { $limit }
dial-refused = elle n’accepte pas de connexion : { $error }
dial-no-roots = les certificats du système sont illisibles : { $error } ; installez ca-certificates
dial-no-gateway = « { $url } » n’est pas l’adresse d’une passerelle ; attendu : ws:// ou wss:// avec un hôte
dial-handshake = la poignée de main WebSocket a échoué : { $error }

# What Discord answered the session and its commands.
discord-no-client = impossible de créer un client HTTP : { $error }
discord-other-form = la réponse de Discord a une autre forme que celle que serenity connaît : { $error }
discord-serenity = serenity a échoué : { $error }
discord-rate-limit = 429 : trop de requêtes
discord-answered = Discord a répondu { $answer }
discord-silent = impossible d’interroger Discord : { $error }
discord-interaction-over = l’interaction est terminée : { $answer }
discord-commands-late = l’enregistrement des commandes a pris plus de { $limit }
discord-commands-unwritable = les commandes ne peuvent pas s’écrire en JSON : { $error }

# Why Discord is left alone for good.
halt-token = Discord refuse le jeton du bot (401 Unauthorized) : mettez-en un valide dans le fichier que nomme [discord] token_file, puis redémarrez Vigie
halt-4004 = Discord a fermé la passerelle pour de bon avec le code 4004 (authentification refusée) : le jeton du bot n’est pas valide ; mettez-en un nouveau dans le fichier que nomme [discord] token_file, puis redémarrez Vigie
halt-4010 = Discord a fermé la passerelle pour de bon avec le code 4010 (shard non valide) : la faute est à Vigie ; mettez-la à jour ou signalez-le
halt-4011 = Discord a fermé la passerelle pour de bon avec le code 4011 (sharding exigé) : le bot est membre de trop de serveurs ; retirez-le de tous sauf celui de la configuration, puis redémarrez Vigie
halt-4012 = Discord a fermé la passerelle pour de bon avec le code 4012 (version d’API non valide) : Discord ne parle plus la version 10 ; mettez Vigie à jour
halt-4013 = Discord a fermé la passerelle pour de bon avec le code 4013 (intents non valides) : la faute est à Vigie ; mettez-la à jour ou signalez-le
halt-4014 = Discord a fermé la passerelle pour de bon avec le code 4014 (intents non permis) : Vigie n’en demande aucun ; mettez-la à jour ou signalez-le

# Delivery.
delivery-paused = Discord a refusé trop de requêtes ; pour éviter un bannissement, rien n’est envoyé avant { $until }
delivery-channel = salon { $channel } : { $reason }
delivery-more = { $count } de plus
delivery-parked = { $refusal } ({ $detail })
delivery-halted = Discord est laissé en paix : { $reason }
delivery-stopping = Vigie s’arrête
delivery-unauthorized = Discord a refusé le jeton du bot : { $words }
delivery-rate-limit = la limite de Discord ({ $scope }) demande d’attendre { $wait }
delivery-refused = Discord a refusé la requête : { $status }, code { $code } : { $words }
delivery-server-error = Discord a lui-même une erreur : { $status }
delivery-no-answer = Discord ne répond pas : { $error }
delivery-late = Discord n’a pas répondu en { $limit }
delivery-unreadable = une réponse de Discord est illisible : { $reason }
answer-no-json = { $request } : { $status } : { $error }
answer-status = { $request } : statut { $status } inattendu
answer-no-id = un message créé sans identifiant
outbox-no-json = la boîte d’envoi ne contient pas d’objet JSON : { $error }

# Why a channel takes no messages.
refusal-missing = ce salon n’existe pas : corrigez son identifiant dans [[routes]], ou créez-le
refusal-unseen = le bot ne voit pas ce salon : donnez-lui VIEW_CHANNEL
refusal-no-text = ce salon ne prend pas de messages : nommez un salon textuel dans [[routes]]
refusal-forbidden = le bot ne peut pas y écrire : donnez-lui SEND_MESSAGES et EMBED_LINKS
refusal-no-history = impossible de voir si un message est parti : donnez au bot READ_MESSAGE_HISTORY
refusal-other = Discord y refuse chaque message : voyez le journal de vigie.service

alertmanager-unreachable = il est injoignable : { $error }
alertmanager-refused = il a répondu { $answer }
alertmanager-unreadable = sa réponse est illisible : { $error }
alertmanager-token = son jeton dans { $path } est inutilisable : { $error }
alertmanager-roots = cette machine n’a pas d’autorités de certification pour le vérifier : { $error }
alertmanager-lost = Vigie a été arrêtée avant qu’Alertmanager ait été interrogé, ou ait répondu

# Sources that are asked for what was missed.
source-trouble = { $source } ne peut pas être interrogé sur ce qui a été manqué : { $error }

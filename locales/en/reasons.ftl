# Why a part of Vigie is as it is. What others said (an error of the system, Discord's own words) stays as it came.

reasons = { $first }; { $second }
starting = starting
lease-none = none is configured; counts as held

# The store.
store-at = { $path }: { $reason }
store-failed = { $error }; { $remedy }
store-disk-full = make room on its file system; Vigie goes on by itself
store-read-only = make the file and its folder writable for Vigie's user; Vigie goes on by itself
store-disk-errors = look for disk errors in the kernel's log (dmesg) and for a full disk
store-can-not-open = look at the folder's permissions, free space and the limit of open files
store-locked = another program has locked the file (a backup, an open sqlite3 shell?); end it
store-corrupt = the file is damaged: restart Vigie, which moves it aside and begins a new one
store-out-of-memory = the machine is out of memory
store-statement-refused = the store refused a statement: { $error }
store-row-missing = there is no row { $id } in the store's table { $table }
store-row-panicked = the work on row { $id } of the store's table { $table } panicked; the log says where
store-newer = { $path } has schema { $found }, which needs a Vigie that knows schema { $needed } or later; this one knows { $known }: run the Vigie that wrote it, or restore a copy from before the upgrade
store-foreign = { $path } is a SQLite file of another program: set [store] path to a file of Vigie's own
store-in-use = { $path } is in use by another Vigie: stop that one first (two would send everything twice)
store-path = can't use { $path } as the store: { $error }; its folder must exist and belong to the user that runs Vigie
store-not-writable = can't open { $path }: { $error }; make its folder writable for Vigie's user, with room left
store-damaged = the store was damaged ({ $damage }) and is now { $aside }; a new one was begun, so messages that waited were not sent and old events may show again; look at the disk, and save what can be with `sqlite3 { $aside } .recover`
store-damaged-at-once = a new file is damaged at once ({ $damage })
store-no-thread = can't start the thread { $name }: { $error }
store-undone = SQLite undid the transaction
store-busy = too many requests wait for the disk; try again
store-ending = it is closed, because Vigie is ending
store-given-up = the job was given up: it panicked (see the log) or Vigie is ending
store-unmeasured = can't measure the room for { $path }: { $error }
store-backlog = more than { $limit } messages wait for Discord; what was accepted is safe
store-crowded = { $waiting } messages wait (limit { $limit }), so webhooks are answered 503 until some are sent; look at the connection with Discord and at channels that can't keep up
store-nearly-full = The disk that holds { $path } is nearly full; /status and Vigie's page say how full. Make room, or shorten [store] keep: when none is left, webhooks are answered 503.
store-little-room = the disk has { $free } MiB left of { $total } MiB (the store takes { $store } MiB); when none is left, webhooks are answered 503.{ $unit ->
    [hours] {" "}At today's pace it is full in about { $left } hours.
    [days] {" "}At today's pace it is full in about { $left } days.
   *[unknown] {""}
} Make room, or shorten [store] keep

# The session with the gateway.
gateway-asking = asking Discord for its gateway
gateway-budget = waiting { $seconds } s before the next session; Discord allows { $remaining } more of { $total } a day
gateway-connecting = connecting to the gateway { $host }
gateway-registering = registering the commands
gateway-resuming = { $reason }; resuming the session
gateway-next-attempt = { $reason }; the next attempt follows within { $seconds } s
gateway-not-named = Discord did not say in time where its gateway is
gateway-no-address = Discord named '{ $url }' as its gateway: { $error }
gateway-not-discords = Discord named '{ $url }' as its gateway, which is not its own host
gateway-no-relay = can't listen on loopback for serenity: { $error }
gateway-no-client = serenity's client was not made in time
gateway-relay-gone = the relay to the gateway is gone
gateway-given-up = serenity gave up: { $error }
gateway-ended = serenity gave up without an error
gateway-setup-panicked = preparing the commands panicked; report this
gateway-setup-late = the commands were not prepared in time
gateway-serenity-absent = serenity did not connect to the relay
gateway-serenity-closed = serenity closed the session
gateway-serenity-left = serenity left it
gateway-serenity-anew = serenity gave the session up
gateway-hasty = { $count } connections in a row broke at once, the last one: { $reason }
gateway-binary = the gateway sent a binary frame, which was not asked for
gateway-no-payload = the gateway sent what is not a gateway payload
gateway-broken = the connection broke: { $error }
gateway-cut = it ended without a close frame
gateway-asked-anew = Discord asked to connect anew
gateway-connection-invalid = Discord invalidated the connection
gateway-session-invalid = Discord invalidated the session
gateway-no-acknowledgement = no heartbeat was acknowledged within { $limit }
gateway-not-ready = the session was not ready within { $limit }
gateway-closed = Discord closed it with code { $code }
gateway-closed-saying = Discord closed it with code { $code } { $words }
gateway-closed-without-code = Discord closed it without a code
gateway-unreachable = the gateway { $host } can't be reached: { $reason }
gateway-dial-late = connecting to the gateway { $host } took over { $limit }
gateway-deaf = { $whom ->
    [serenity] serenity
   *[gateway] the gateway
} read nothing for { $limit }
dial-refused = it does not accept connections: { $error }
dial-no-roots = the system's certificates can't be read: { $error }; install ca-certificates
dial-no-gateway = '{ $url }' is not the address of a gateway; expected ws:// or wss:// with a host
dial-handshake = the WebSocket handshake failed: { $error }

# What Discord answered the session and its commands.
discord-no-client = can't make an HTTP client: { $error }
discord-other-form = Discord's answer has another form than serenity knows: { $error }
discord-serenity = serenity failed: { $error }
discord-rate-limit = 429: too many requests
discord-answered = Discord answered { $answer }
discord-silent = Discord can't be asked: { $error }
discord-interaction-over = the interaction is over: { $answer }
discord-commands-late = registering the commands took over { $limit }
discord-commands-unwritable = the commands can't be written as JSON: { $error }

# Why Discord is left alone for good.
halt-token = Discord refuses the bot's token (401 Unauthorized): put a valid one into the file that [discord] token_file names, then restart Vigie
halt-4004 = Discord closed the gateway for good with code 4004 (authentication failed): the bot's token is not valid; put a new one into the file that [discord] token_file names, then restart Vigie
halt-4010 = Discord closed the gateway for good with code 4010 (invalid shard): Vigie is at fault; update it or report this
halt-4011 = Discord closed the gateway for good with code 4011 (sharding required): the bot is a member of too many guilds; remove it from all but the configured one, then restart Vigie
halt-4012 = Discord closed the gateway for good with code 4012 (invalid API version): Discord no longer speaks version 10; update Vigie
halt-4013 = Discord closed the gateway for good with code 4013 (invalid intents): Vigie is at fault; update it or report this
halt-4014 = Discord closed the gateway for good with code 4014 (disallowed intents): Vigie asks for none; update it or report this

# Delivery.
delivery-paused = Discord refused too many requests; to avoid a ban, nothing is sent until { $until }
delivery-channel = channel { $channel }: { $reason }
delivery-more = { $count } more
delivery-parked = { $refusal } ({ $detail })
delivery-halted = Discord is left alone: { $reason }
delivery-stopping = Vigie stops
delivery-unauthorized = Discord refused the bot's token: { $words }
delivery-rate-limit = Discord's rate limit ({ $scope }) asks to wait { $wait }
delivery-refused = Discord refused the request: { $status }, code { $code }: { $words }
delivery-server-error = Discord has an error of its own: { $status }
delivery-no-answer = no answer from Discord: { $error }
delivery-late = no answer from Discord within { $limit }
delivery-unreadable = an answer of Discord that can't be read: { $reason }
answer-no-json = { $request }: { $status }: { $error }
answer-status = { $request }: unexpected status { $status }
answer-no-id = a created message without an id
outbox-no-json = the outbox holds no JSON object: { $error }

# Why a channel takes no messages.
refusal-missing = the channel does not exist: correct its id in [[routes]], or make it
refusal-unseen = the bot can't see the channel: give it VIEW_CHANNEL there
refusal-no-text = the channel takes no messages: name a text channel in [[routes]]
refusal-forbidden = the bot may not write there: give it SEND_MESSAGES and EMBED_LINKS
refusal-no-history = whether a message was sent can't be seen: give the bot READ_MESSAGE_HISTORY
refusal-other = Discord refuses every message there: look at the log of vigie.service

alertmanager-unreachable = it can't be reached: { $error }
alertmanager-refused = it answered { $answer }
alertmanager-unreadable = its answer can't be read: { $error }
alertmanager-token = its token in { $path } can't be used: { $error }
alertmanager-roots = this machine has no certificate authorities to check it with: { $error }
alertmanager-lost = Vigie was ended before Alertmanager was asked, or before it answered

# Sources that are asked for what was missed.
source-trouble = { $source } can't be asked for what was missed: { $error }

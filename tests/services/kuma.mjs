// Sets up a running Uptime Kuma over socket.io, as its pages do (1.23 and 2.x; `server/server.js`,
// `server/socket-handlers/api-key-socket-handler.js`). Waits for it to come up; makes its first user if it has none.
//
//   NODE_PATH=KUMA/node_modules node kuma.mjs ORIGIN '{"notification": {…}, "monitor": {…}, "apiKey": true}'
//
// All three are optional; the first two may be lists. Each monitor tells each notification, and what they leave out is
// as below. With an API key, Kuma's /metrics wants that as password, and the user's no longer. Prints
// `{"notification": ID, "monitor": ID, "apiKey": KEY}`, of what was asked for, lists of ids for lists. Fails with what
// Kuma said.
import { createRequire } from "node:module";

// Kuma brings the client along; an `import` would not look into NODE_PATH.
const { io } = createRequire(import.meta.url)("socket.io-client");

const [origin, wanted] = process.argv.slice(2);
const { notification, monitor, apiKey } = JSON.parse(wanted);
const credentials = { username: "admin", password: "simulated-2026" };

const socket = io(origin, { reconnectionDelay: 100, reconnectionDelayMax: 100 });
let refusal = "nothing";
socket.on("connect_error", (error) => { refusal = error.message; });
// For the lists: Kuma tells of every monitor twice for each that is added.
setTimeout(() => {
  console.error(`expected ${origin} to be set up within 6 minutes; what it said last: ${refusal}`);
  process.exit(1);
}, 360_000).unref();

async function ask(event, ...words) {
  const answer = await socket.emitWithAck(event, ...words);
  if (!answer.ok) throw new Error(`Uptime Kuma refused ${event}: ${answer.msg}`);
  return answer;
}

await new Promise((resolve) => socket.once("connect", resolve));
const { username, password } = credentials;
if (await socket.emitWithAck("needSetup")) await ask("setup", username, password);
await ask("login", credentials);
const done = {};
const each = (wanted, make) => (Array.isArray(wanted) ? Promise.all(wanted.map(make)) : make(wanted));
if (notification) {
  const make = async (one) => (await ask("addNotification", { name: "notification", ...one }, null)).id;
  done.notification = await each(notification, make);
}
if (apiKey) {
  const key = { name: "key", active: true, expires: "2100-01-01 00:00:00" };
  done.apiKey = (await ask("addAPIKey", key)).key;
}
if (monitor) {
  // The shortest interval that Kuma takes.
  const patience = { interval: 20, retryInterval: 20, timeout: 10, maxretries: 0, resendInterval: 0 };
  const page = { type: "http", method: "GET", maxredirects: 10, accepted_statuscodes: ["200-299"] };
  const unused = { kafkaProducerBrokers: [], kafkaProducerSaslOptions: { mechanism: "None" } };
  const told = [done.notification ?? []].flat();
  const notificationIDList = Object.fromEntries(told.map((id) => [id, true]));
  const all = { name: "monitor", ...patience, ...page, ...unused, notificationIDList };
  done.monitor = await each(monitor, async (one) => (await ask("add", { ...all, ...one })).monitorID);
}
console.log(JSON.stringify(done));
socket.close();

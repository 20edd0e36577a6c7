// The page of discord-sim: one guild, one channel, one person at a time; follows every change as it happens.
import { composer } from "./composer.js";
import { element } from "./markdown.js";
import { message } from "./message.js";

const $ = (id) => document.getElementById(id);
const state = { guilds: [], guild: null, channel: null, user: null, commands: [], own: new Map(), unread: new Map() };

async function api(path, body) {
  const answer = await fetch(`/_sim/${path}`, body === undefined ? {} : {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
  });
  const data = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(data?.error ?? data?.message ?? `${path}: ${answer.status}`);
  return data;
}

let clearing;
function say(words) {
  $("state").textContent = words;
  clearTimeout(clearing);
  clearing = setTimeout(() => { $("state").textContent = ""; }, 6000);
}

const me = () => state.guild?.members.find((member) => member.id === state.user);
const channels = () => (state.guild?.channels ?? []).filter((channel) => channel.type !== 4);
const isThread = (channel) => [10, 11, 12].includes(channel.type);

function names() {
  const map = (list) => Object.fromEntries((list ?? []).map((one) => [one.id, one.name]));
  return { users: map(state.guild?.members), roles: map(state.guild?.roles), channels: map(state.guild?.channels) };
}

function drawChannels() {
  const tops = channels().filter((channel) => !isThread(channel));
  const ordered = tops.flatMap((top) => [top, ...channels().filter((one) => isThread(one) && one.parent_id === top.id)]);
  $("channels").replaceChildren(...ordered.map((channel) => {
    const count = state.unread.get(channel.id) ?? 0;
    const button = element("button", { type: "button", className: isThread(channel) ? "thread" : "" },
      isThread(channel) ? "↳" : "#", ` ${channel.name}`, count ? element("span", { className: "unread" }, String(count)) : null);
    if (channel.id === state.channel) button.setAttribute("aria-current", "page");
    button.addEventListener("click", () => open(channel.id));
    return button;
  }));
}

async function drawMessages() {
  const channel = state.channel;
  if (!channel) return $("messages").replaceChildren();
  const shared = await api(`channels/${channel}/messages`);
  if (channel !== state.channel) return undefined;
  const own = (state.own.get(`${channel}/${state.user}`) ?? []);
  const all = [...shared, ...own].sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
  const list = $("messages");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  const context = { names: names(), me: me(), act, open, dismiss };
  list.replaceChildren(...all.map((one) => message(one, context)));
  if (atEnd) list.scrollTop = list.scrollHeight;
  return undefined;
}

async function open(id) {
  state.channel = id;
  state.unread.delete(id);
  const channel = channels().find((one) => one.id === id);
  $("channel-name").textContent = channel?.name ?? id;
  drawChannels();
  await drawMessages();
  $("messages").scrollTop = $("messages").scrollHeight;
}

function dismiss(id) {
  for (const [key, list] of state.own) state.own.set(key, list.filter((one) => one.id !== id));
  drawMessages();
}

// Keeps what only this person sees; what everybody sees arrives by itself.
function keepOwn(answer) {
  const key = `${state.channel}/${state.user}`;
  const own = (answer.messages ?? []).filter((one) => one.flags & 64);
  const kept = (state.own.get(key) ?? []).filter((one) => !own.some((other) => other.id === one.id));
  state.own.set(key, [...kept, ...own]);
}

async function interact(interaction) {
  const base = { guild_id: state.guild.id, channel_id: state.channel, user_id: state.user };
  const answer = await api("interactions", { ...base, wait: "final", ...interaction });
  keepOwn(answer);
  if (answer.error) say(`The application did not respond: ${answer.error.message ?? answer.error}`);
  if (answer.modal) ask(answer);
  await drawMessages();
  $("messages").scrollTop = $("messages").scrollHeight;
  return answer;
}

async function act(interaction, control) {
  control.disabled = true;
  await interact(interaction).catch((error) => say(error.message));
  control.disabled = false;
}

function ask(answer) {
  const dialog = $("modal");
  const inputs = (answer.modal.components ?? []).flatMap((row) => row.components ?? [row.component]).filter(Boolean);
  const form = element("form", { method: "dialog" }, element("h2", {}, answer.modal.title),
    ...inputs.map((one) => element("label", {}, one.label ?? one.custom_id,
      element(one.style === 2 ? "textarea" : "input", { name: one.custom_id, value: one.value ?? "", placeholder: one.placeholder ?? "", required: one.required !== false }))),
    element("button", { className: "component primary", value: "send" }, "Submit"));
  dialog.replaceChildren(form);
  dialog.onclose = () => {
    if (dialog.returnValue !== "send") return;
    const values = Object.fromEntries(new FormData(form));
    interact({ kind: "modal", custom_id: answer.modal.custom_id, values }).catch((error) => say(error.message));
  };
  dialog.returnValue = "";
  dialog.showModal();
}

async function readGuilds() {
  state.guilds = await api("guilds");
  const kept = state.guilds.find((guild) => guild.id === state.guild?.id);
  state.guild = kept ?? state.guilds[0] ?? null;
  $("guild").replaceChildren(...state.guilds.map((guild) =>
    element("option", { value: guild.id, selected: guild.id === state.guild?.id }, guild.name)));
  const people = (state.guild?.members ?? []).filter((member) => !member.bot);
  if (!people.some((person) => person.id === state.user)) state.user = people[0]?.id ?? null;
  $("user").replaceChildren(...people.map((person) => {
    const roles = person.roles.map((id) => state.guild.roles.find((role) => role.id === id)?.name).filter(Boolean);
    const about = [person.locale, ...roles].filter(Boolean).join(", ");
    return element("option", { value: person.id, selected: person.id === state.user }, about ? `${person.name} (${about})` : person.name);
  }));
  if (state.guild) state.commands = await api(`guilds/${state.guild.id}/commands`);
  if (!channels().some((channel) => channel.id === state.channel)) state.channel = channels()[0]?.id ?? null;
  drawChannels();
}

async function readActions() {
  const actions = await api("actions");
  $("actions").replaceChildren(...actions.map((action) => {
    const button = element("button", { type: "button" }, action.label);
    button.addEventListener("click", async () => {
      const answer = await fetch(action.path, { method: "POST" });
      if (!answer.ok) say(`${action.label}: ${answer.status} ${await answer.text()}`);
    });
    return button;
  }));
}

// Changes arrive in bursts; what they touch is read again once a frame.
const stale = { messages: false, guilds: false };
function refresh() {
  requestAnimationFrame(async () => {
    const { messages, guilds } = stale;
    stale.messages = stale.guilds = false;
    if (guilds) await readGuilds().catch((error) => say(error.message));
    if (messages || guilds) await drawMessages().catch((error) => say(error.message));
  });
}

function follow() {
  const live = new EventSource("/_sim/live");
  live.onmessage = ({ data }) => {
    const change = JSON.parse(data);
    const channel = change.data?.channel_id;
    if (change.event === "MESSAGE_CREATE" && channel && channel !== state.channel) {
      state.unread.set(channel, (state.unread.get(channel) ?? 0) + 1);
      drawChannels();
    }
    if (String(change.event).startsWith("MESSAGE")) stale.messages ||= channel === state.channel;
    else stale.guilds = true;
    refresh();
  };
  live.onopen = () => { stale.messages = stale.guilds = true; refresh(); };
  live.onerror = () => say("The simulator is gone; waiting for it to come back.");
}

composer({
  commands: () => state.commands,
  locale: () => me()?.locale,
  complete: async (command, options, focused) =>
    (await interact({ kind: "autocomplete", wait: "callback", command, options, focused })).choices ?? [],
  run: (command, options) => interact({ kind: "command", command, options }).catch((error) => say(error.message)),
  say,
});
$("guild").addEventListener("change", async ({ target }) => {
  state.guild = state.guilds.find((guild) => guild.id === target.value);
  state.channel = null;
  await readGuilds();
  if (state.channel) await open(state.channel);
});
$("user").addEventListener("change", ({ target }) => { state.user = target.value; drawMessages(); });

await readActions();
await readGuilds();
if (state.channel) await open(state.channel);
follow();

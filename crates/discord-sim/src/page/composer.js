// The line at the bottom: `/` lists the bot's commands, options are written as `name:value`.
import { element } from "./markdown.js";

const SUB = 1;
const SUB_GROUP = 2;

function text(thing, key, locale) {
  return thing[`${key}_localizations`]?.[locale] ?? thing[key];
}

// Each command that can be run, with its full name ("service restart") and its options.
function runnable(command, locale, prefix = "", described = command) {
  const name = `${prefix}${command.name}`;
  const parts = (command.options ?? []).filter((option) => option.type === SUB || option.type === SUB_GROUP);
  if (parts.length) return parts.flatMap((part) => runnable(part, locale, `${name} `, part));
  return [{ name, description: text(described, "description", locale), options: command.options ?? [] }];
}

// Splits `service restart name:"the blog" force:true` at the options that the command knows.
function parse(line, command) {
  const options = {};
  const known = command.options.map((option) => option.name).join("|");
  if (!known) return { options, open: null };
  const pattern = new RegExp(`(?:^|\\s)(${known}):(?:"([^"]*)"|(\\S*(?:\\s+(?!(?:${known}):)\\S+)*))`, "g");
  let open = null;
  for (const [, name, quoted, plain] of line.slice(command.name.length + 1).matchAll(pattern)) {
    options[name] = quoted ?? plain ?? "";
    open = name;
  }
  return { options, open };
}

function typed(option, value) {
  if (option.type === 4) return Number.parseInt(value, 10);
  if (option.type === 10) return Number.parseFloat(value);
  if (option.type === 5) return value === "true";
  return value;
}

// `source`: commands() and locale() as they are now, complete(command, options, focused), run(command, options), say(text).
export function composer(source) {
  const form = document.getElementById("form");
  const input = document.getElementById("input");
  const list = document.getElementById("suggestions");
  let shown = [];
  let chosen = 0;

  const all = () => source.commands().filter((command) => (command.type ?? 1) === 1)
    .flatMap((command) => runnable(command, source.locale()));
  const current = () => all().filter((command) =>
    input.value === `/${command.name}` || input.value.startsWith(`/${command.name} `))
    .sort((a, b) => b.name.length - a.name.length)[0];

  function show(items) {
    shown = items;
    chosen = 0;
    list.hidden = items.length === 0;
    draw();
  }

  function draw() {
    list.replaceChildren(...shown.map((item, at) => {
      const row = element("li", { role: "option", ariaSelected: String(at === chosen) },
        element("b", {}, item.label), element("span", {}, item.description ?? ""));
      row.addEventListener("mousedown", (event) => { event.preventDefault(); take(item); });
      return row;
    }));
    list.children[chosen]?.scrollIntoView({ block: "nearest" });
  }

  function take(item) {
    input.value = item.value;
    input.focus();
    suggest();
  }

  async function suggest() {
    const line = input.value;
    if (!line.startsWith("/")) return show([]);
    const command = current();
    if (!command) {
      return show(all().filter((one) => one.name.startsWith(line.slice(1).toLowerCase()))
        .map((one) => ({ label: `/${one.name}`, description: one.description, value: `/${one.name} ` })));
    }
    const { options, open } = parse(line, command);
    const option = command.options.find((one) => one.name === open);
    const ended = line.endsWith(" ") && options[open];
    if (option && !ended) {
      const start = line.slice(0, line.lastIndexOf(`${open}:`) + open.length + 1);
      let choices = option.choices ?? (option.type === 5 ? [{ name: "true", value: "true" }, { name: "false", value: "false" }] : []);
      if (option.autocomplete) choices = await source.complete(command.name, options, open);
      if (input.value !== line) return undefined;
      const wanted = String(options[open]).toLowerCase();
      return show(choices.filter((choice) => option.autocomplete || String(choice.name).toLowerCase().startsWith(wanted))
        .filter((choice) => String(choice.value) !== options[open])
        .map((choice) => ({ label: choice.name, value: `${start}${/\s/.test(choice.value) ? `"${choice.value}"` : choice.value} ` })));
    }
    const left = command.options.filter((one) => !(one.name in options));
    return show(left.map((one) => ({
      label: `${one.name}${one.required ? "" : " (optional)"}`,
      description: text(one, "description", source.locale()),
      value: `${line.trimEnd()} ${one.name}:`,
    })));
  }

  input.addEventListener("input", suggest);
  input.addEventListener("blur", () => show([]));
  input.addEventListener("focus", suggest);
  input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      chosen = (chosen + (event.key === "ArrowDown" ? 1 : shown.length - 1)) % shown.length;
      draw();
    } else if (event.key === "Tab" || (event.key === "Enter" && !current())) {
      event.preventDefault();
      take(shown[chosen]);
    } else if (event.key === "Escape") {
      show([]);
    }
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const line = input.value.trim();
    if (!line) return;
    const command = current();
    if (!command) {
      source.say(line.startsWith("/") ? `There is no command ${line.split(" ")[0]}` : "Only commands can be sent here: type /");
      return;
    }
    const { options } = parse(line, command);
    const missing = command.options.find((one) => one.required && !options[one.name]);
    if (missing) return source.say(`/${command.name} needs ${missing.name}`);
    const values = Object.fromEntries(command.options.filter((one) => one.name in options)
      .map((one) => [one.name, typed(one, options[one.name])]));
    input.value = "";
    show([]);
    source.run(command.name, values);
  });
}

// Discord's markdown as DOM nodes. Nothing of a message is ever read as HTML.

export function element(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

const safe = (url) => /^(https?:\/\/|attachment:)/i.test(url);

export function link(url, ...content) {
  if (!safe(url)) return element("span", {}, ...content);
  return element("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, ...content);
}

function moment(seconds, style) {
  const date = new Date(seconds * 1000);
  const full = date.toLocaleString();
  if (style === "R") {
    const away = seconds - Date.now() / 1000;
    const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
    const [unit, size] = units.find(([, length]) => Math.abs(away) >= length) ?? units[3];
    const words = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(Math.round(away / size), unit);
    return element("time", { dateTime: date.toISOString(), title: full }, words);
  }
  const forms = {
    t: { timeStyle: "short" }, T: { timeStyle: "medium" }, d: { dateStyle: "short" }, D: { dateStyle: "long" },
    f: { dateStyle: "long", timeStyle: "short" }, F: { dateStyle: "full", timeStyle: "short" },
  };
  const text = new Intl.DateTimeFormat(undefined, forms[style] ?? forms.f).format(date);
  return element("time", { dateTime: date.toISOString(), title: full }, text);
}

// In the order in which they are tried at one place; each gives a node for its match.
const inline = [
  [/^\\([^A-Za-z0-9\s])/, (m) => document.createTextNode(m[1])],
  [/^``(.+?)``(?!`)|^`([^`\n]+)`/, (m) => element("code", {}, m[1] ?? m[2])],
  [/^<t:(-?\d{1,12})(?::([tTdDfFR]))?>/, (m) => moment(Number(m[1]), m[2])],
  [/^<@!?(\d+)>/, (m, names) => mention("@", names.users?.[m[1]] ?? m[1])],
  [/^<@&(\d+)>/, (m, names) => mention("@", names.roles?.[m[1]] ?? m[1])],
  [/^<#(\d+)>/, (m, names) => mention("#", names.channels?.[m[1]] ?? m[1])],
  [/^<\/([\w -]+):\d+>/, (m) => mention("/", m[1])],
  [/^@(everyone|here)\b/, (m) => mention("@", m[1])],
  [/^<a?:(\w+):\d+>/, (m) => document.createTextNode(`:${m[1]}:`)],
  [/^\[((?:[^[\]\\]|\\.)+)\]\(<?(https?:\/\/[^\s<>)]+(?:\([^\s<>)]*\))?[^\s<>)]*)>?(?: "[^"]*")?\)/,
    (m, names) => link(m[2], ...spans(m[1], names))],
  [/^<(https?:\/\/[^\s<>]+)>/, (m) => link(m[1], m[1])],
  [/^https?:\/\/[^\s<>]*[^\s<>.,;:!?"')\]*_~|]/, (m) => link(m[0], m[0])],
  [/^\*\*\*(\S.*?)\*\*\*/s, (m, names) => element("b", {}, element("i", {}, ...spans(m[1], names)))],
  [/^\*\*(.+?)\*\*(?!\*)/s, (m, names) => element("b", {}, ...spans(m[1], names))],
  [/^__(.+?)__(?!_)/s, (m, names) => element("u", {}, ...spans(m[1], names))],
  [/^\*(\S(?:.*?\S)?)\*(?!\*)/s, (m, names) => element("i", {}, ...spans(m[1], names))],
  [/^_(\S(?:.*?\S)?)_(?![_\w])/s, (m, names) => element("i", {}, ...spans(m[1], names))],
  [/^~~(.+?)~~/s, (m, names) => element("s", {}, ...spans(m[1], names))],
  [/^\|\|(.+?)\|\|/s, (m, names) => element("span", { className: "spoiler", tabIndex: 0 }, ...spans(m[1], names))],
];

function mention(sign, name) {
  return element("span", { className: "mention" }, sign + name);
}

function spans(text, names) {
  const nodes = [];
  let plain = "";
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at);
    let found = null;
    for (const [pattern, make] of inline) {
      const match = pattern.exec(rest);
      if (match && !(pattern.source.startsWith("^_") && /\w$/.test(plain))) {
        found = [match[0].length, make(match, names)];
        break;
      }
    }
    if (found) {
      if (plain) nodes.push(document.createTextNode(plain));
      plain = "";
      nodes.push(found[1]);
      at += found[0];
    } else {
      plain += text[at];
      at += 1;
    }
  }
  if (plain) nodes.push(document.createTextNode(plain));
  return nodes;
}

function block(line, names) {
  const heading = /^(#{1,3}) +(.+)/.exec(line);
  if (heading) return element(`h${heading[1].length + 2}`, {}, ...spans(heading[2], names));
  const small = /^-# +(.+)/.exec(line);
  if (small) return element("small", {}, ...spans(small[1], names));
  const item = /^( *)[-*] +(.+)/.exec(line);
  if (item) return element("ul", {}, element("li", {}, ...spans(item[2], names)));
  const quote = /^> ?(.*)/.exec(line);
  if (quote && line.startsWith("> ")) return element("blockquote", {}, ...spans(quote[1], names));
  return null;
}

// A node with `text` rendered; `names` maps ids of users, roles and channels to names.
export function markdown(text, names) {
  const root = element("div", { className: "markdown" });
  text.split(/(```(?:[\w+-]*\n)?[\s\S]*?```)/).forEach((part) => {
    const fence = /^```(?:[\w+-]*\n)?([\s\S]*?)\n?```$/.exec(part);
    if (fence) {
      root.append(element("pre", {}, element("code", {}, fence[1])));
      return;
    }
    let run = [];
    const flush = () => {
      if (run.length) root.append(...spans(run.join("\n"), names));
      run = [];
    };
    part.split("\n").forEach((line) => {
      const node = block(line, names);
      if (!node) return run.push(line);
      flush();
      const last = root.lastChild;
      if (["UL", "BLOCKQUOTE"].includes(node.tagName) && last?.tagName === node.tagName) {
        if (node.tagName === "BLOCKQUOTE") last.append("\n");
        last.append(...node.childNodes);
      } else {
        root.append(node);
      }
    });
    flush();
  });
  return root;
}

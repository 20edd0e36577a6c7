// One message as Discord shows it: who, when, text, embeds, attachments, components, thread, edits.
import { element, link, markdown } from "./markdown.js";

const styles = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link" };

function avatar(author) {
  const sign = (author.global_name ?? author.username ?? "?").slice(0, 1).toUpperCase();
  return element("div", { className: "avatar", ariaHidden: "true" }, sign);
}

function picture(url, className, message) {
  const attached = /^attachment:\/\/(.+)$/.exec(url);
  const source = attached ? message.attachments?.find((file) => file.filename === attached[1])?.url : url;
  const image = element("img", { className, alt: "" });
  // A picture on another machine may not be reachable from here; the text stands without it.
  image.addEventListener("error", () => image.remove());
  if (source) image.src = source;
  return source ? image : null;
}

function embed(data, message, names) {
  const root = element("article", { className: "embed" });
  if (data.color !== undefined && data.color !== null) {
    root.style.borderLeftColor = `#${data.color.toString(16).padStart(6, "0")}`;
  }
  if (data.author) {
    root.append(element("div", { className: "author" },
      data.author.icon_url ? picture(data.author.icon_url, "", message) : null,
      data.author.url ? link(data.author.url, data.author.name) : data.author.name));
  }
  if (data.title) {
    const title = markdown(data.title, names);
    title.className += " title";
    root.append(title);
    if (data.url) title.replaceChildren(link(data.url, ...title.childNodes));
  }
  if (data.description) root.append(markdown(data.description, names));
  if (data.fields?.length) {
    root.append(element("div", { className: "fields" }, ...data.fields.map((field) =>
      element("div", { className: field.inline ? "field inline" : "field" },
        element("h4", {}, ...markdown(field.name, names).childNodes), markdown(field.value, names)))));
  }
  if (data.thumbnail) root.append(picture(data.thumbnail.url, "thumbnail", message) ?? "");
  if (data.image) root.append(picture(data.image.url, "image", message) ?? "");
  const parts = [data.footer?.text, data.timestamp && new Date(data.timestamp).toLocaleString()].filter(Boolean);
  if (parts.length) {
    root.append(element("div", { className: "footer" },
      data.footer?.icon_url ? picture(data.footer.icon_url, "", message) : null, parts.join(" • ")));
  }
  return root;
}

function component(data, message, act) {
  if (data.type === 2) {
    const label = [data.emoji?.name, data.label].filter(Boolean).join(" ");
    const className = `component ${styles[data.style] ?? "secondary"}`;
    if (data.style === 5) return element("a", { className, href: data.url, target: "_blank", rel: "noopener noreferrer" }, label);
    const button = element("button", { className, type: "button", disabled: Boolean(data.disabled) }, label);
    button.addEventListener("click", () => act({ kind: "button", message_id: message.id, custom_id: data.custom_id }, button));
    return button;
  }
  const select = element("select", { className: "component", ariaLabel: data.placeholder ?? "Choose", disabled: Boolean(data.disabled) },
    element("option", { value: "", selected: true, disabled: true }, data.placeholder ?? "Choose"),
    ...(data.options ?? []).map((option) => element("option", { value: option.value }, option.label)));
  select.addEventListener("change", () =>
    act({ kind: "select", message_id: message.id, custom_id: data.custom_id, values: [select.value] }, select));
  return select;
}

function edits(message) {
  const list = message.sim?.edits ?? [];
  const button = element("button", { className: "edited", type: "button", title: "Show what it said before" },
    list.length > 1 ? `(edited ${list.length} times)` : "(edited)");
  button.addEventListener("click", () => {
    const open = button.closest(".body").querySelector(".history");
    if (open) return open.remove();
    const lines = list.map((edit) => {
      const before = edit.before ?? edit;
      const title = before.embeds?.[0]?.title ?? before.content ?? "";
      const when = edit.at ?? edit.timestamp ?? edit.edited_timestamp;
      return element("div", {}, [when && new Date(when).toLocaleTimeString(), title].filter(Boolean).join("  "));
    });
    button.closest(".body").append(element("div", { className: "history" }, ...lines));
  });
  return button;
}

// `context`: names (see markdown), me (the chosen member), act(interaction, control), open(channel id), dismiss.
export function message(data, context) {
  const { names, me } = context;
  const ephemeral = Boolean(data.flags & 64);
  const mine = data.mention_everyone || data.mentions?.some((user) => user.id === me?.id)
    || data.mention_roles?.some((role) => me?.roles.includes(role));
  const body = element("div", { className: "body" });
  body.append(element("div", { className: "head" },
    element("span", { className: "name" }, data.author.global_name ?? data.author.username),
    data.author.bot ? element("span", { className: "tag" }, "APP") : null,
    element("time", { dateTime: data.timestamp }, new Date(data.timestamp).toLocaleTimeString()),
    data.edited_timestamp ? edits(data) : null));
  if (data.flags & 128 && !data.content) body.append(element("div", { className: "note" }, "is thinking…"));
  if (data.content) body.append(markdown(data.content, names));
  (data.embeds ?? []).forEach((one) => body.append(embed(one, data, names)));
  (data.attachments ?? []).forEach((file) => {
    const content = file.content_type?.startsWith("image/")
      ? element("img", { src: file.url, alt: file.description ?? file.filename }) : `${file.filename} (${file.size} bytes)`;
    body.append(element("div", { className: "attachment" }, element("a", { href: file.url, target: "_blank" }, content)));
  });
  (data.components ?? []).forEach((row) => body.append(element("div", { className: "row" },
    ...(row.components ?? []).map((one) => component(one, data, context.act)))));
  if (data.thread) {
    const open = element("button", { className: "thread-link", type: "button" }, `Thread: ${data.thread.name}`);
    open.addEventListener("click", () => context.open(data.thread.id));
    body.append(open);
  }
  if (ephemeral) {
    const dismiss = element("button", { type: "button" }, "Dismiss");
    dismiss.addEventListener("click", () => context.dismiss(data.id));
    body.append(element("div", { className: "note" }, "Only you can see this · ", dismiss));
  }
  const used = data.interaction_metadata?.user ?? data.interaction?.user;
  const reply = used && (data.interaction?.name || data.interaction_metadata?.name)
    ? element("div", { className: "reply" }, `${used.global_name ?? used.username} used /${data.interaction?.name ?? data.interaction_metadata.name}`) : null;
  const classes = ["message", ephemeral && "ephemeral", mine && "mentions"].filter(Boolean).join(" ");
  const item = element("li", { className: classes }, reply, avatar(data.author), body);
  item.dataset.id = data.id;
  return item;
}

// The demo as a visitor sees it. Each test has a demo and a page of its own.
const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const readline = require("node:readline");
const { after, afterEach, before, beforeEach, test } = require("node:test");
const { chromium } = require("playwright-core");

let browser;
let demo;
let page;
let errors;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
  });
});
after(() => browser.close());

beforeEach(async () => {
  demo = spawn(process.env.VIGIE, ["demo", "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
  let address;
  for await (const line of readline.createInterface({ input: demo.stdout })) {
    address = line.match(/listening on (http:\S+)/)?.[1];
    if (address) break;
  }
  assert.ok(address, "the demo prints its address");
  page = await browser.newPage({ viewport: { width: 1280, height: 860 }, locale: "en-GB", timezoneId: "Europe/Paris" });
  errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (line) => { if (line.type() === "error") errors.push(line.text()); });
  await page.goto(address);
  await page.getByRole("button", { name: "# forge" }).click();
});
afterEach(async () => {
  await page.close();
  const stopped = once(demo, "exit");
  demo.kill("SIGINT");
  const [code] = await stopped;
  assert.equal(code, 0, "Ctrl-C ends the demo cleanly");
  assert.deepEqual(errors, [], "the page has no errors");
});

const messages = () => page.locator("#messages > li");

async function as(person) {
  const option = page.locator("#user option", { hasText: person });
  await page.locator("#user").selectOption(await option.getAttribute("value"));
}

async function command(line) {
  await page.locator("#input").fill(line);
  await page.keyboard.press("Enter");
}

test("a push by one click becomes a message with a colour, a title and a reference", async () => {
  const before = await messages().count();
  await page.getByRole("button", { name: "Push", exact: true }).click();
  await messages().nth(before).waitFor();
  const embed = messages().nth(before).locator(".embed");
  assert.match(await embed.locator(".title").innerText(), /main/);
  assert.match(await embed.locator(".footer").innerText(), /vg-[0-9a-z]{6}/);
  const colour = await embed.evaluate((node) => getComputedStyle(node).borderLeftColor);
  assert.notEqual(colour, "rgb(30, 31, 34)");
});

test("a pull request stays one message and is edited before the visitor's eyes", async () => {
  const before = await messages().count();
  const next = page.getByRole("button", { name: "Pull request" });
  await next.click();
  await messages().nth(before).waitFor();
  const title = messages().nth(before).locator(".title");
  const opened = await title.innerText();
  await next.click();
  await next.click();
  await next.click();
  await page.waitForFunction(
    ([at, old]) => document.querySelectorAll("#messages > li")[at]?.querySelector(".title")?.innerText !== old
      && document.querySelectorAll("#messages > li")[at]?.querySelector(".edited"),
    [before, opened],
  );
  assert.match(await messages().nth(before).innerText(), /[Mm]erged/);
});

test("typing / lists the bot's commands, and their answers are in the caller's language", async () => {
  await page.locator("#input").fill("/");
  await page.locator("#suggestions li").nth(2).waitFor();
  const names = await page.locator("#suggestions b").allInnerTexts();
  assert.deepEqual([...names].sort(), ["/help", "/ping", "/status"]);

  await command("/status");
  const answer = page.locator(".message.ephemeral").last();
  await answer.waitFor();
  const english = await answer.innerText();
  await as("fr");
  await page.locator(".message.ephemeral").waitFor({ state: "detached" });
  await command("/status");
  await answer.waitFor();
  assert.notEqual(await answer.innerText(), english);
});

test("what a person writes into a commit can't break the page or mention anyone", async () => {
  const before = await messages().count();
  await page.getByRole("button", { name: "Nasty push" }).click();
  await messages().nth(before).waitFor();
  assert.equal(await page.locator("#messages script, #messages .mentions, #messages iframe").count(), 0);
});

test("the picture of the README", { skip: !process.env.PICTURE && "only with --picture" }, async () => {
  await page.setViewportSize({ width: 1280, height: 1040 });
  for (const name of ["Release", "Push", "Pull request", "Pull request", "Pull request"]) {
    await page.getByRole("button", { name, exact: true }).click();
    await page.waitForTimeout(400);
  }
  await command("/status");
  await page.locator(".message.ephemeral").last().waitFor();
  await page.waitForTimeout(400);
  await page.screenshot({ path: process.env.PICTURE });
});

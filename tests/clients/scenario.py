"""Plays one scenario against discord-sim with a bot that a foreign library made, and checks what people see.

Usage: scenario.py SIMULATOR LOG BOT-COMMAND... The simulator's log is written to LOG.
"""

import json
import queue
import subprocess
import sys
import threading
import urllib.request

origin, log_file, *command = sys.argv[1:]
DEADLINE = 30


def sim(path, body=None, method=None):
    """Calls the control plane and returns its answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"{origin}/_sim/{path}", data, {"content-type": "application/json"}, method=method
    )
    with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
        return json.loads(answer.read() or b"null")


def interact(**interaction):
    """Does something as the member Alice; fails if the bot did not answer."""
    base = {"guild_id": "1000", "channel_id": "2000", "user_id": "4000", "wait": "final"}
    answer = sim("interactions", base | interaction)
    assert not answer.get("error"), answer
    return answer


sim("reset", {})
sim(
    "guilds",
    {
        "id": "1000",
        "name": "harbor",
        "channels": [{"id": "2000", "name": "general"}],
        "members": [{"id": "4000", "name": "alice", "locale": "en-US", "roles": []}],
    },
)
bot = subprocess.Popen([*command, origin], stdout=subprocess.PIPE, text=True)
said = queue.Queue()
threading.Thread(target=lambda: [said.put(line.strip()) for line in bot.stdout], daemon=True).start()


def expect(word):
    """Waits until the bot says `word`."""
    while (line := said.get(timeout=DEADLINE)) != word:
        print(f"  bot: {line}")
    print(f"  {word}")


try:
    expect("ready")
    commands = {command["name"] for command in sim("guilds/1000/commands")}
    assert commands == {"greet", "slow"}, commands

    greeting = interact(kind="command", command="greet", options={"name": "Bruno"})
    message = greeting["messages"][0]
    assert message["content"] == "Hello Bruno", message
    assert not greeting["deferred"], greeting

    interact(kind="button", message_id=message["id"], custom_id="wave")
    shown = sim("channels/2000/messages")
    assert [one["content"] for one in shown] == ["You waved"], shown
    print("  command, button and follow-up")

    slow = interact(kind="command", command="slow")
    assert slow["deferred"], slow
    assert slow["messages"][0]["content"] == "Done at last", slow
    print("  deferred answer")

    sim("faults", {"guild_id": "1000", "kind": "gateway_reconnect", "times": 1})
    expect("resumed")
    again = interact(kind="command", command="greet", options={"name": "Chloe"})
    assert again["messages"][0]["content"] == "Hello Chloe", again
    print("  command after RESUME")
finally:
    bot.kill()
    bot.wait()
    with open(log_file, "w", encoding="utf-8") as file:
        json.dump(sim("log"), file)

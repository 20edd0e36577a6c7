"use strict";
fetch("guilds").then((answer) => answer.json()).then((guilds) => {
  for (const guild of guilds) {
    const item = document.createElement("li");
    item.textContent = guild.name;
    document.getElementById("guilds").append(item);
  }
});

"use strict";
// Says on the home page whether the server is ready, and what is missing.
(async () => {
  const place = document.getElementById("ready");
  try {
    const answer = await fetch("/health/ready", { cache: "no-store" });
    const { status, missing } = await answer.json();
    const parts = Object.entries(missing).map(([name, why]) => `${name} ${why}`);
    place.textContent = parts.length ? `This server is ${status}: ${parts.join("; ")}.` : `This server is ${status}.`;
    place.className = answer.ok ? "good" : "bad";
  } catch {
    place.textContent = "This server does not answer.";
    place.className = "bad";
  }
})();

"use strict";
// The console of the events page: connects by Socket.IO, sends events, shows acknowledgements and what comes.
(async () => {
  const byId = (id) => document.getElementById(id);
  const [token, connect, state, event, payload, send, log] =
    ["token", "connect", "state", "event", "payload", "send", "log"].map(byId);
  const LINES = 500;
  let socket = null;

  const follow = (spec, one) => {
    let found = one;
    while (found && found.$ref) {
      found = found.$ref.slice(2).split("/").reduce((place, part) => place[part], spec);
    }
    return found || {};
  };

  const uuid = () =>
    crypto.randomUUID ? crypto.randomUUID() : "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
      (Number(digit) ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (Number(digit) / 4)))).toString(16));

  // A value that a schema takes, for the payload to begin with.
  const sample = (spec, raw) => {
    const schema = follow(spec, raw);
    if (schema.format === "uuid") return uuid();
    if (schema.examples && schema.examples.length) return schema.examples[0];
    if ("default" in schema) return schema.default;
    if (schema.enum) return schema.enum[0];
    const choice = schema.anyOf || schema.oneOf || schema.allOf;
    if (choice) return sample(spec, choice[0]);
    const type = [].concat(schema.type || "object")[0];
    if (type === "integer" || type === "number") return Math.max(schema.minimum || 0, 1);
    if (type === "boolean") return true;
    if (type === "array") return [sample(spec, schema.items)];
    if (type === "string") return "text";
    if (schema.properties) {
      return Object.fromEntries(Object.entries(schema.properties).map(([name, one]) => [name, sample(spec, one)]));
    }
    return schema.additionalProperties ? { 1: sample(spec, schema.additionalProperties) } : {};
  };

  const show = (what, content) => {
    const line = document.createElement("p");
    const text = content === undefined ? "" : ` ${JSON.stringify(content, null, 1)}`;
    line.textContent = `${new Date().toLocaleTimeString()} ${what}${text}`;
    log.append(line);
    while (log.childElementCount > LINES) log.firstElementChild.remove();
    log.scrollTop = log.scrollHeight;
  };

  const tell = (text, connected) => {
    state.textContent = text;
    state.className = connected ? "good" : "";
    connect.textContent = socket ? "Disconnect" : "Connect";
    send.disabled = !connected;
  };

  const leave = () => {
    socket.disconnect();
    socket = null;
    tell("Not connected", false);
  };

  let address = "/";
  connect.addEventListener("click", () => {
    if (socket) {
      leave();
      return;
    }
    const given = token.value.trim();
    socket = io(address, { transports: ["websocket"], auth: { token: given }, forceNew: true });
    tell("Connecting", false);
    socket.on("connect", () => { show(`connected to ${address} as socket ${socket.id}`); tell("Connected", true); });
    socket.on("connect_error", (error) => {
      show("refused:", error.data || { message: error.message });
      if (socket && !socket.active) leave();
      else tell("Trying again", false);
    });
    socket.on("disconnect", (reason) => {
      show(`disconnected: ${reason}`);
      if (socket && !socket.active) leave();
      else if (socket) tell("Trying again", false);
    });
    socket.onAny((name, ...content) => show(`received ${name}`, content.length === 1 ? content[0] : content));
  });

  byId("clear").addEventListener("click", () => log.replaceChildren());

  send.addEventListener("click", () => {
    let content;
    try {
      content = JSON.parse(payload.value);
    } catch (error) {
      show(`the payload is no JSON: ${error.message}`);
      return;
    }
    const name = event.value;
    show(`sent ${name}`, content);
    socket.timeout(10000).emit(name, content, (late, answer) => {
      if (late) show(`no acknowledgement of ${name} in 10 seconds`);
      else show(`acknowledged ${name}`, answer);
    });
  });

  // Swagger UI keeps the token of Authorize on a development server.
  try {
    const kept = JSON.parse(localStorage.getItem("authorized") || "{}");
    token.value = (kept.bearer && kept.bearer.value) || "";
  } catch {
    token.value = "";
  }

  const spec = await (await fetch("/api/v1/asyncapi.json")).json();
  const payloads = {};
  for (const operation of Object.values(spec.operations)) {
    if (operation.action === "receive") {
      const message = follow(spec, operation.messages[0]);
      address = follow(spec, operation.channel).address;
      payloads[message.name] = message.payload;
      event.append(new Option(message.name, message.name));
    }
  }
  const begin = () => { payload.value = JSON.stringify(sample(spec, payloads[event.value]), null, 2); };
  event.addEventListener("change", begin);
  begin();
})();

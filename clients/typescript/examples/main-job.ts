// The main job from sign-up to receipts, as two people and one of the staff do it:
//     node dist/examples/main-job.js BASE_URL FOLDER_OF_MAILS ADMIN PASSWORD
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { Chat, createApi, ok, ProblemError, Session, type sockets } from '../src/index.js';

const [baseUrl, mails, admin, password] = process.argv.slice(2) as [string, string, string, string];

async function until<T>(look: () => T | undefined): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${look}`);
    await wait(50);
  }
}

/** The token of the first mail to an address; a development server writes mails into a folder. */
function mailToken(address: string): Promise<string> {
  return until(() => {
    const files = existsSync(mails) ? readdirSync(mails) : [];
    for (const file of files.filter((name) => name.endsWith('.json'))) {
      const mail = JSON.parse(readFileSync(`${mails}/${file}`, 'utf8'));
      if (mail.to === address) return mail.data.token as string;
    }
    return undefined;
  });
}

function visitor() {
  const session = new Session(baseUrl);
  return { session, api: createApi(session) };
}

async function signUp(name: string) {
  const { session, api } = visitor();
  const unique = `${name.toLowerCase()}_${randomUUID().slice(0, 8)}`;
  const body = {
    username: unique,
    email: `${unique}@example.org`,
    password: 'Correct-Horse-7',
    first_name: name,
    last_name: 'Example',
  };
  const { tokens } = await ok(api.POST('/api/v1/user/sign-up', { body }));
  session.use(tokens);
  await ok(api.POST('/api/v1/user/email/verify', { body: { token: await mailToken(body.email) } }));
  return { session, api };
}

const staff = visitor();
staff.session.use(await ok(staff.api.POST('/api/v1/user/login', { body: { login: admin, password } })));
const performer = await signUp('Pavel');
const customer = await signUp('Carla');

// Become a performer, and be let in.
const cities = await ok(performer.api.GET('/api/v1/cities', { params: { query: { q: 'munich' } } }));
const categories = await ok(performer.api.GET('/api/v1/categories'));
const categoryId = categories.items[0]?.children[0]?.id;
const cityId = cities.items[0]?.id;
assert(categoryId !== undefined && cityId !== undefined);
const profile = await ok(
  performer.api.POST('/api/v1/performers', {
    body: {
      city_id: cityId,
      category_ids: [categoryId],
      headline: 'Careful and on time',
      about: 'Twenty years of practice.',
      address: { line1: 'Marienplatz 1' },
      timezone: 'Europe/Berlin',
    },
  }),
);
await ok(
  staff.api.POST('/api/v1/admin/performers/status', {
    body: { ids: [profile.id], status: 'approved', reason: 'Papers seen' },
  }),
);
const service = await ok(
  performer.api.POST('/api/v1/services', {
    body: {
      category_id: categoryId,
      title: 'A first visit',
      description: 'One hour',
      pricing: 'fixed',
      price: { amount: 6500, currency: 'EUR' },
      duration_minutes: 60,
      is_active: true,
    },
  }),
);

// Work round the clock, so that this can be run at any time.
await ok(
  performer.api.PUT('/api/v1/performers/me/schedule', {
    params: { header: { 'If-Match': '*' } },
    body: {
      weekly: [0, 1, 2, 3, 4, 5, 6].map((weekday) => ({ weekday, start: '00:00', end: '24:00' })),
    },
  }),
);

// An access token that is no good any more is renewed on the way.
assert(customer.session.tokens);
customer.session.use({ ...customer.session.tokens, access_token: 'expired' });

// Book. The same key again gives the same answer, and books nothing twice.
const booking = {
  params: { header: { 'Idempotency-Key': randomUUID() } },
  body: {
    service_id: service.id,
    starts_at: new Date(Date.now() + 90 * 60_000).toISOString(),
    address: { line1: 'Leopoldstraße 5' },
  },
};
const order = await ok(customer.api.POST('/api/v1/orders', booking));
assert.notEqual(customer.session.accessToken, 'expired');
assert.equal((await ok(customer.api.POST('/api/v1/orders', booking))).id, order.id);
const path = { order_id: order.id };
const refused = ok(customer.api.POST('/api/v1/orders/{order_id}/accept', { params: { path } }));
await assert.rejects(refused, (error) => error instanceof ProblemError && error.problem.status === 403);
const moved = await ok(performer.api.POST('/api/v1/orders/{order_id}/accept', { params: { path } }));
assert.equal(moved.status, 'confirmed');

// Talk: what is sent while the other one is away comes with the next connect, once and in order.
const chat = await ok(customer.api.POST('/api/v1/chats', { body: { order_id: order.id } }));
const heard: string[] = [];
const receipts: sockets.Receipt[] = [];
const customers = new Chat(customer.session, () => {});
customers.socket.on('receipt', (receipt) => receipts.push(receipt));
const clientId = randomUUID();
const first = await customers.send(chat.id, 'When do you come?', clientId);
assert.deepEqual(await customers.send(chat.id, 'When do you come?', clientId), { ...first, duplicate: true });
const performers = new Chat(performer.session, (message) => heard.push(message.text));
await until(() => heard[0]);
performers.socket.disconnect();
await customers.send(chat.id, 'The lamp is in the hall.', randomUUID());
performers.socket.connect();
await until(() => heard[1]);
const last = await customers.send(chat.id, 'Until soon!', randomUUID());
await until(() => heard[2]);
assert.deepEqual(heard, ['When do you come?', 'The lamp is in the hall.', 'Until soon!']);
await performers.read(chat.id, last.seq);
await until(() => receipts.find((receipt) => receipt.read_seq === last.seq));
await assert.rejects(customers.send(chat.id, '', randomUUID()), /validation_failed/);

// Do the work.
for (const step of ['start', 'deliver'] as const) {
  await ok(performer.api.POST(`/api/v1/orders/{order_id}/${step}`, { params: { path } }));
}
const done = await ok(customer.api.POST('/api/v1/orders/{order_id}/complete', { params: { path } }));
assert.equal(done.status, 'completed');
customers.close();
performers.close();
console.log(`order ${order.id} is ${done.status}`);

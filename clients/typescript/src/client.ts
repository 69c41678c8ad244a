// A client of the REST API that sends the access token along and renews it once it has expired.
import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './schema.js';

export type Schemas = components['schemas'];
export type Tokens = Schemas['Tokens'];

/** Where the tokens of a signed-in user are; store them in `save`, which a refresh calls as well. */
export class Session {
  #tokens: Tokens | null;
  #refreshing: Promise<boolean> | null = null;

  constructor(
    readonly baseUrl: string,
    tokens: Tokens | null = null,
    private readonly save: (tokens: Tokens | null) => void = () => {},
  ) {
    this.#tokens = tokens;
  }

  get tokens(): Tokens | null {
    return this.#tokens;
  }

  get accessToken(): string | null {
    return this.#tokens?.access_token ?? null;
  }

  /** Begin, or end with null. */
  use(tokens: Tokens | null): void {
    this.#tokens = tokens;
    this.save(tokens);
  }

  /** Exchange the refresh token, once for all who ask meanwhile; false when one has to log in again. */
  refresh(): Promise<boolean> {
    this.#refreshing ??= this.#exchange().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #exchange(): Promise<boolean> {
    if (this.#tokens === null) return false;
    const { data, response } = await createClient<paths>({ baseUrl: this.baseUrl }).POST('/api/v1/user/token/refresh', {
      body: { refresh_token: this.#tokens.refresh_token },
    });
    if (data !== undefined) this.use(data);
    else if (response.status === 401) this.use(null);
    return data !== undefined;
  }

  /** `fetch` with the access token; at 401 it is renewed, and the request sent once more. */
  readonly fetch = async (request: Request): Promise<Response> => {
    const again = request.clone();
    const sent = this.accessToken;
    const answer = await fetch(this.#signed(request));
    if (answer.status !== 401 || sent === null) return answer;
    // Somebody else may have renewed it since.
    if (this.accessToken === sent && !(await this.refresh())) return answer;
    return fetch(this.#signed(again));
  };

  #signed(request: Request): Request {
    if (this.accessToken !== null) request.headers.set('Authorization', `Bearer ${this.accessToken}`);
    return request;
  }
}

/** The API, typed by its document: `api.POST('/api/v1/orders', { body: ... })`. */
export function createApi(session: Session): Client<paths> {
  return createClient<paths>({ baseUrl: session.baseUrl, fetch: session.fetch });
}

/** A problem that the API answered with; switch on `problem.code`. */
export class ProblemError extends Error {
  constructor(readonly problem: Schemas['Problem']) {
    super(`${problem.code}: ${problem.detail}`);
  }
}

/** What a call gave. Throws ProblemError. */
export async function ok<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw new ProblemError(error as Schemas['Problem']);
  return data as T;
}

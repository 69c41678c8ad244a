export * from './chat.js';
export * from './client.js';
export type * as sockets from './sockets.js';

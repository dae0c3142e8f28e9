/** How an embedded Postgres is reached: by a socket in its directory, or on loopback where the path of one would be too long. */
import net from 'node:net';
import path from 'node:path';

/** What is needed to connect. `host` is a folder when the server listens on a socket. */
export type EmbeddedConnection = {
  host: string;
  port: number;
  username: string;
  password: string;
  database: string;
};

/** Whose the cluster is. */
export const USER = 'parley';
const PORT = 5432;

// sockaddr_un holds 104 bytes on macOS and 108 on Linux, the final zero included.
const LONGEST_SOCKET_PATH = 99;

/** Where the server of a directory is to listen. A socket is faster than TCP and only our account can reach it; its path must fit. */
export async function chooseAddress(dir: string): Promise<{ host: string; port: number }> {
  const runDir = path.join(dir, 'run');
  if (Buffer.byteLength(socketFile(runDir, PORT)) <= LONGEST_SOCKET_PATH) return { host: runDir, port: PORT };
  return { host: '127.0.0.1', port: await freePort() };
}

/** True when somebody listens on a socket of ours. */
export function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    // A port of this machine may be anyone's; only a socket in our own folder proves something.
    if (!host.startsWith('/')) return resolve(false);
    const socket = net.connect(socketFile(host, port));
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

function socketFile(dir: string, port: number): string {
  return path.join(dir, `.s.PGSQL.${port}`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Loaded before every test: a connection to anything but this machine fails, and says so. */
import net from 'node:net';

// oxlint-disable-next-line typescript/unbound-method -- it is called on the socket it is asked of, below
const connect = net.Socket.prototype.connect;
const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.|localhost$|0\.0\.0\.0$)/;

net.Socket.prototype.connect = function guarded(this: net.Socket, ...args: unknown[]) {
  const [first] = Array.isArray(args[0]) ? args[0] : args;
  const options = (typeof first === 'object' && first !== null ? first : {}) as {
    host?: string;
    path?: string;
  };
  const host =
    options.host ?? (typeof first === 'number' && typeof args[1] === 'string' ? args[1] : undefined);
  if (
    host !== undefined &&
    !options.path &&
    !host.startsWith('/') &&
    !LOOPBACK.test(host) &&
    net.isIP(host)
  ) {
    throw new Error(`a test tried to reach ${host}; only this machine may be reached`);
  }
  return Reflect.apply(connect, this, args) as net.Socket;
};

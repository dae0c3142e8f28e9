/** What an error of the database means: whether it says anything of what was asked for. */

/**
 * True for an error that means the server went away, is starting, or has no room, as against a fault in the statement: the same is
 * good in a moment. Classes of SQLSTATE (Postgres, appendix A): 08 connection exceptions, 25P03 a session ended for idling in a
 * transaction, 25006 a server that became a standby, 53 out of connections, memory or disk, 57P0x ended by an operator or starting, 58
 * the machine under it failed. ENOENT is a socket that is not there, where it is not a file.
 */
export function isConnectionLost(error: unknown): boolean {
  const { code = '', syscall } = (error ?? {}) as { code?: string; syscall?: string };
  if (code === 'ENOENT') return syscall === 'connect';
  return LOST.test(code);
}

const LOST =
  /^(08...|25006|25P03|53...|57P0.|58...|CONNECTION_|ECONN|EPIPE|ETIMEDOUT|E(HOST|NET)(UNREACH|DOWN)|EAI_AGAIN|ENOTFOUND)/;

/**
 * True for an error that says nothing of what was asked for: the server is away or has no room, or the statement met another
 * one (deadlock 40P01, serialization failure 40001, a lock that was not to be had 55P03). The same is asked again.
 */
export function isPassing(error: unknown): boolean {
  return isConnectionLost(error) || isOvertaken(error) || isLockNotHad(error) || isDiskFull(error);
}

/** True for an error by which a transaction lost against another one: begun anew, it finds things as that one left them. */
export function isOvertaken(error: unknown): boolean {
  return ['40P01', '40001'].includes((error as { code?: string } | undefined)?.code ?? '');
}

/** True for an error that means no room: of the database's disk (53100), or of ours for files. */
export function isDiskFull(error: unknown): boolean {
  return ['53100', 'ENOSPC', 'EDQUOT'].includes((error as { code?: string } | undefined)?.code ?? '');
}

/** True for a lock that was not had in the time there was for it (SQLSTATE 55P03). */
export function isLockNotHad(error: unknown): boolean {
  return (error as { code?: string } | undefined)?.code === '55P03';
}

/** True for a breach of a unique constraint (SQLSTATE 23505). */
export function isUniqueBreach(error: unknown): boolean {
  return (error as { code?: string } | undefined)?.code === '23505';
}

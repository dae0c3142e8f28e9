/** The console's API, `/api/…`. */
import type { FastifyInstance } from 'fastify';
import type { HttpContext } from '../context.ts';

/** The routes of the console. */
export function consoleDoor(_app: FastifyInstance, _ctx: HttpContext): void {}

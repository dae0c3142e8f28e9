/** All routes of this door. */
import { messageRoutes } from './messages.ts';
import { orderRoutes } from './orders.ts';
import type { Route } from './route.ts';
import { userRoutes } from './users.ts';

/** The routes. */
export const ROUTES: readonly Route[] = [...userRoutes, ...orderRoutes, ...messageRoutes];

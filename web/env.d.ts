/** What the build takes besides code. */
declare module '*.css';

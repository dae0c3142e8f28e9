/** Where the console begins in a browser. */
// In this order: what others are made of comes first, as theirs must win.
import '@mantine/core/styles/default-css-variables.css';
import '@mantine/core/styles/ScrollArea.css';
import '@mantine/core/styles/UnstyledButton.css';
import '@mantine/core/styles/Paper.css';
import '@mantine/core/styles/Popover.css';
import '@mantine/core/styles/CloseButton.css';
import '@mantine/core/styles/Loader.css';
import '@mantine/core/styles/Overlay.css';
import '@mantine/core/styles/ModalBase.css';
import '@mantine/core/styles/Input.css';
import '@mantine/core/styles/ActionIcon.css';
import '@mantine/core/styles/Button.css';
import '@mantine/core/styles/Combobox.css';
import '@mantine/core/styles/Menu.css';
import '@mantine/core/styles/Modal.css';
import '@mantine/core/styles/Drawer.css';
import '@mantine/core/styles/PasswordInput.css';
import '@mantine/core/styles/Tooltip.css';
import '@mantine/core/styles/Slider.css';
import './styles/tokens.css';
import './styles/mantine.css';
import './styles/shell.css';
import './styles/inbox.css';
import './styles/pages.css';
import { createTheme, MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiFault, call, whenSignedOut } from './api/call.ts';
import { bootstrapQuery } from './api/queries.ts';
import { heardOfEnding, keepEnding } from './api/ending.ts';
import { createConsoleRouter } from './routes.tsx';
import { Tips } from './ui/Tips.tsx';

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // A fault of the caller is none the better for being repeated.
      retry: (count, error) =>
        count < 2 && !(error instanceof ApiFault && error.status >= 400 && error.status < 500),
    },
  },
});
const router = createConsoleRouter(client);
whenSignedOut((fault) => {
  const { pathname, href } = router.state.location;
  if (pathname === '/sign-in' || pathname === '/enter') return;
  keepEnding(fault, client.getQueryData(bootstrapQuery.queryKey) !== undefined);
  client.clear();
  void router.navigate({ to: '/sign-in', search: { to: href } });
});

// What another tab does with the session holds here at once.
heardOfEnding(() => void call('GET', '/me').catch(() => {}));

const theme = createTheme({
  primaryColor: 'blue',
  defaultRadius: 6,
  cursorType: 'pointer',
  respectReducedMotion: true,
});

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
        <Tips />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);

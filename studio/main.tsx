import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createSettee } from '../client-sync/index.ts';
import { App } from './app.tsx';
import { keepPageForOffline } from './keep-page.ts';
import { sendAfterClosing } from './send-after-closing.ts';
import './styles.css';

const settee = await createSettee({ url: window.location.origin, backgroundSync: true });

// For trying the library in the browser's console: `settee.flows.list()`.
Object.assign(window, { settee });

const root = document.getElementById('root');
if (!root) throw new Error('The page has no #root element.');
createRoot(root).render(
  <StrictMode>
    <App settee={settee} />
  </StrictMode>,
);

sendAfterClosing(settee);
keepPageForOffline().catch((cause: unknown) => {
  reportError(cause);
});

import type { Settee } from '../client-sync/index.ts';
import { type FormEvent, useState } from 'react';
import { useAction, useWatch } from './use-live.ts';

/** Who is signed in, or a form to sign up or in. Without an account everything stays in this browser. */
export function AccountPanel({ settee }: { settee: Settee }) {
  const account = useWatch(settee.account.current(), (listener) => settee.account.subscribe(listener), [
    settee,
  ]);
  const { error, busy, run } = useAction();
  const [unpushed, setUnpushed] = useState<string | null>(null);

  if (!account || account.state === 'signed-out') {
    return <SignInForm settee={settee} rememberedEmail={account?.user.email} />;
  }
  const signOut = (discardUnpushed: boolean) => {
    run(async () => {
      try {
        await settee.account.signOut({ discardUnpushed });
        setUnpushed(null);
      } catch (cause) {
        if (!(cause instanceof Error && 'code' in cause && cause.code === 'unpushed_changes')) throw cause;
        setUnpushed(cause.message);
      }
    });
  };
  return (
    <div className="row">
      <span>{account.user.name ?? account.user.email}</span>
      {unpushed === null ? (
        <button type="button" disabled={busy} onClick={() => signOut(false)}>
          Sign out
        </button>
      ) : (
        <>
          <span className="error">{unpushed}</span>
          <button type="button" onClick={() => signOut(true)}>
            Discard and sign out
          </button>
          <button type="button" onClick={() => setUnpushed(null)}>
            Stay
          </button>
        </>
      )}
      {error && (
        <span role="alert" className="error">
          {error}
        </span>
      )}
    </div>
  );
}

function SignInForm({ settee, rememberedEmail }: { settee: Settee; rememberedEmail?: string | undefined }) {
  const { error, busy, run } = useAction();
  const [email, setEmail] = useState(rememberedEmail ?? '');
  const [password, setPassword] = useState('');
  const signIn = (event: FormEvent) => {
    event.preventDefault();
    run(() => settee.account.signIn({ email, password }));
  };
  return (
    <form className="row" aria-label="Account" onSubmit={signIn}>
      <input
        type="email"
        aria-label="E-mail"
        placeholder="E-mail"
        autoComplete="username"
        required
        value={email}
        onChange={(event) => setEmail(event.target.value)}
      />
      <input
        type="password"
        aria-label="Password"
        placeholder="Password (8 or more)"
        autoComplete="current-password"
        minLength={8}
        required
        value={password}
        onChange={(event) => setPassword(event.target.value)}
      />
      <button type="submit" className="primary" disabled={busy}>
        Sign in
      </button>
      <button
        type="button"
        disabled={busy}
        onClick={(event) => {
          if (event.currentTarget.form?.reportValidity()) {
            run(() => settee.account.register({ email, password }));
          }
        }}
      >
        Sign up
      </button>
      {error && (
        <span role="alert" className="error">
          {error}
        </span>
      )}
    </form>
  );
}

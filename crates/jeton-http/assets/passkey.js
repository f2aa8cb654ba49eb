// Passkeys: what a form of this server asks for goes to an authenticator, and what comes back goes into the form's fields. Without this file, or
// in a browser that knows no passkeys, the form stays hidden and everything else works.
"use strict";
{
  const form = document.querySelector("form[data-passkey]");
  const problem = document.querySelector("[data-passkey-problem]");
  const absent = document.querySelector("[data-passkey-absent]");

  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) => {
    const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
    return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  };
  const fill = (name, buffer) => {
    form.elements.namedItem(name).value = buffer ? text(buffer) : "";
  };

  const shown = async (mediation, signal) => {
    const { challenge, server } = form.dataset;
    const publicKey = { challenge: bytes(challenge), rpId: server, userVerification: "required", allowCredentials: [] };
    const { rawId, response } = await navigator.credentials.get({ publicKey, mediation, signal });
    fill("credential", rawId);
    fill("handle", response.userHandle);
    fill("client_data", response.clientDataJSON);
    fill("authenticator_data", response.authenticatorData);
    fill("signature", response.signature);
  };

  const made = async () => {
    const { challenge, server, service, handle, user, algorithms, known } = form.dataset;
    const list = (joined) => joined.split(" ").filter(Boolean);
    const publicKey = {
      challenge: bytes(challenge),
      rp: { id: server, name: service },
      user: { id: bytes(handle), name: user, displayName: user },
      pubKeyCredParams: list(algorithms).map((alg) => ({ type: "public-key", alg: Number(alg) })),
      excludeCredentials: list(known).map((id) => ({ type: "public-key", id: bytes(id) })),
      authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
      attestation: "none",
    };
    const { response } = await navigator.credentials.create({ publicKey });
    fill("client_data", response.clientDataJSON);
    fill("attestation", response.attestationObject);
  };

  // Offered among the names that the browser knows, where it can: nobody has to press anything.
  let waiting = null;
  const wait = async () => {
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) {
      return;
    }
    waiting = new AbortController();
    try {
      await shown("conditional", waiting.signal);
      form.submit();
    } catch {
      // Nobody chose one, or the button was pressed.
    }
  };

  if (form && window.PublicKeyCredential) {
    form.hidden = false;
    if (absent) {
      absent.hidden = true;
    }
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      problem.hidden = true;
      waiting?.abort();
      try {
        await (form.dataset.passkey === "get" ? shown("optional") : made());
        form.submit();
      } catch {
        // Read aloud where pages are.
        problem.setAttribute("role", "alert");
        problem.hidden = false;
      }
    });
    if (form.dataset.passkey === "get") {
      wait();
    }
  }
}

/** Whether this browser may read, where the receiver asks for a key. */
class Session {
  /** Whether the receiver has refused to answer: somebody has to sign in. */
  isOver = $state(false);
  /** Whether reading needs a session, which can then be ended. */
  isNeeded = $state(false);

  /** Take part when another tab signs in or out; returns what ends that. */
  follow(): () => void {
    const tabs = tabsOfThisBrowser();
    tabs.onmessage = () => location.reload();
    return () => tabs.close();
  }

  /** Begin anew in every tab, each with the view that its address names, and nothing read before. */
  restart(): void {
    tabsOfThisBrowser().postMessage(null);
    location.reload();
  }
}

const tabsOfThisBrowser = () => new BroadcastChannel("session");

export const session = new Session();

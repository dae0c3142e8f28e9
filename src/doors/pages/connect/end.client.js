// Tells the page that opened this window how it ended, and closes the window. Without an opener the words on the page are all.
const { opener, told } = document.querySelector('#end').dataset;
if (globalThis.opener && opener && told) {
  globalThis.opener.postMessage(JSON.parse(told), opener);
  globalThis.close();
}

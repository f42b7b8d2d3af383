// Package browser tests the page of engine/monitor in a real Chromium. It is a module of its
// own, so that nobody who imports the engine gets a browser's protocol for it. Without a
// Chromium its tests are skipped; `make page` says how to get one.
package browser

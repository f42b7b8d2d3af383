package client

import (
	"log/slog"
	"os"
	"runtime/pprof"
	"time"
)

// Profile writes a CPU profile of seconds 2 to 7.
func Profile(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	time.AfterFunc(2*time.Second, func() {
		if err := pprof.StartCPUProfile(f); err != nil {
			slog.Error("no profile", "error", err)
			return
		}
		time.AfterFunc(5*time.Second, func() {
			pprof.StopCPUProfile()
			f.Close()
		})
	})
	return nil
}

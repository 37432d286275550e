package webhook

import (
	"context"
	"log/slog"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// profilePoll is how often the directory is read without an event: on file systems without events, and
	// after an overflow.
	profilePoll = 30 * time.Second
	// profileSettle is the time without events after which a change counts as complete: editors and the
	// kubelet write several files.
	profileSettle = 100 * time.Millisecond
)

// Follow logs the profiles loaded at the start, and reloads them whenever their directory changes, until ctx
// ends. In a mounted ConfigMap, the kubelet replaces the link ..data.
func (l *Live) Follow(ctx context.Context, log *slog.Logger) {
	lastError := l.started(log)
	if l.options.Dir == "" {
		return
	}
	events, closeEvents := watchDir(l.options.Dir, log)
	defer closeEvents()
	timer := time.NewTimer(0) // for changes before the watch
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-events:
			timer.Reset(profileSettle)
		case <-timer.C:
			lastError = l.reload(log, lastError)
			timer.Reset(profilePoll)
		}
	}
}

// started logs the first load and returns its error, or "".
func (l *Live) started(log *slog.Logger) string {
	status := l.Status()
	if status.Err == nil {
		log.Info("profiles loaded", "directory", l.options.Dir, "profiles", status.Profiles)
		return ""
	}
	log.Error("profiles loaded without the files that have mistakes", "directory", l.options.Dir,
		"left_out", status.LeftOut, "profiles", status.Profiles, "error", status.Err)
	return status.Err.Error()
}

// reload logs each distinct failure once; lastError is the previous one.
func (l *Live) reload(log *slog.Logger, lastError string) string {
	changed, err := l.Reload()
	switch {
	case err != nil && err.Error() != lastError:
		log.Error("profiles not reloaded, the last valid ones stay in use", "directory", l.options.Dir, "error", err)
		return err.Error()
	case err != nil:
		return lastError
	case changed || lastError != "":
		status := l.Status()
		log.Info("profiles reloaded", "directory", l.options.Dir, "generation", status.Generation, "profiles", status.Profiles)
	}
	return ""
}

func watchDir(dir string, log *slog.Logger) (<-chan fsnotify.Event, func()) {
	watcher, err := fsnotify.NewWatcher()
	if err == nil {
		if err = watcher.Add(dir); err == nil {
			go func() {
				for range watcher.Errors { // such as an overflow: the next poll reads the changes
				}
			}()
			return watcher.Events, func() { _ = watcher.Close() }
		}
		_ = watcher.Close()
	}
	log.Warn("no file events, reading profiles at intervals only", "directory", dir, "interval", profilePoll, "error", err)
	return nil, func() {}
}

//go:build unix

package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestOwnDirectory(t *testing.T) {
	user := os.Getuid()
	if user == 0 {
		user = 10001 // only root can change the owner of files
	}
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	directory := filepath.Join(t.TempDir(), "new", "queue")
	if err := ownDirectory(directory, user); err != nil {
		t.Fatal(err)
	}
	link, file := filepath.Join(directory, "link"), filepath.Join(directory, "file")
	if err := os.Symlink(outside, link); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := ownDirectory(directory, user); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{directory: user, file: user, link: user, outside: os.Getuid()} {
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := int(info.Sys().(*syscall.Stat_t).Uid); got != want {
			t.Errorf("%s belongs to %d, want %d", path, got, want)
		}
	}
}

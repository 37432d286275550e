package authorities

import (
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// maxFile limits the size of a file.
const maxFile = 1 << 16

// readFile reads a file up to the limit, and refuses a key that others can read.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if filepath.Ext(path) == ".key" && info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s can be read by others (mode %o): run 'chmod 600 %s', and replace the key if someone may have read it", path, info.Mode().Perm(), path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s is longer than %d bytes", path, maxFile)
	}
	return text, err
}

// loadCertificate reads NAME.crt; the certificate is nil if there is none.
func loadCertificate(path string) (*x509.Certificate, error) {
	text, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a certificate: %w", err)
	}
	c, err := readCertificate(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: restore it from a backup, or move it away with its key", path, err)
	}
	return c, nil
}

// load reads NAME.crt and NAME.key; the Pair is zero if there is neither.
func load(name string) (Pair, error) {
	c, err := loadCertificate(name + ".crt")
	if err != nil {
		return Pair{}, err
	}
	text, err := readFile(name + ".key")
	switch {
	case errors.Is(err, fs.ErrNotExist) && c == nil:
		return Pair{}, nil
	case errors.Is(err, fs.ErrNotExist):
		return Pair{Certificate: c}, nil // callers that need the key check for it
	case err != nil:
		return Pair{}, fmt.Errorf("read a key: %w", err)
	case c == nil:
		return Pair{}, fmt.Errorf("%s.key has no certificate next to it: a command was interrupted; remove the key", name)
	}
	key, err := readKey(text)
	if err != nil {
		return Pair{}, fmt.Errorf("%s.key: %w: restore it from a backup", name, err)
	}
	if public, ok := c.PublicKey.(*ecdsa.PublicKey); !ok || !public.Equal(key.Public()) {
		return Pair{}, fmt.Errorf("%s.key is not the key of %s.crt: restore both from a backup", name, name)
	}
	return Pair{c, key}, nil
}

// save writes NAME.key and NAME.crt, which must not exist. NAME.crt contains the certificate and then its issuers.
func save(name string, p Pair, issuers ...*x509.Certificate) error {
	text, err := keyPEM(p.Key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	if err := writeNew(name+".key", text, 0o600); err != nil {
		return err
	}
	return writeNew(name+".crt", certificatesPEM(append([]*x509.Certificate{p.Certificate}, issuers...)...), 0o644)
}

// writeNew writes a file that must not exist.
func writeNew(path string, text []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists and is not replaced", path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}

// ReplaceFile writes a file atomically.
func ReplaceFile(path string, text []byte, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-") // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // after a successful rename, there is nothing to remove
	_, err = f.Write(text)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// filesIn returns the certificates with a name prefix in a directory; none if the directory does not exist.
func filesIn(dir, prefix string) (paths []string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), prefix) && filepath.Ext(entry.Name()) == ".crt" {
			paths = append(paths, filepath.Join(dir, entry.Name()))
		}
	}
	return paths, err
}

package certmetricsextension

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// maxFileSize bounds what is read of a file, in bytes. A bundle of a hundred authorities is about 100 kB.
const maxFileSize = 1 << 20

// earliestExpiry returns the earliest NotAfter of the certificates in a PEM file: a chain fails when its first certificate
// expires, and a bundle when an authority in use does. Blocks of other types are skipped. It returns an error if the file
// is not a regular file, is larger than maxFileSize, or contains a damaged certificate or none.
func earliestExpiry(path string) (time.Time, error) {
	content, err := readBounded(path)
	if err != nil {
		return time.Time{}, err
	}
	begun, found := bytes.Count(content, []byte("-----BEGIN CERTIFICATE-----")), 0
	var earliest time.Time
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		found++
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return time.Time{}, fmt.Errorf("read %s: certificate %d: %w", path, found, err)
		}
		if earliest.IsZero() || certificate.NotAfter.Before(earliest) {
			earliest = certificate.NotAfter
		}
	}
	switch {
	case found < begun: // pem.Decode skips them, and so do TLS settings
		return time.Time{}, fmt.Errorf("read %s: %d of %d certificates are damaged", path, begun-found, begun)
	case found == 0:
		return time.Time{}, fmt.Errorf("read %s: it contains no certificate; expected PEM", path)
	}
	return earliest, nil
}

// readBounded reads a regular file. Opening a pipe would block until something writes to it.
func readBounded(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read %s: not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(file, maxFileSize+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if len(content) > maxFileSize {
		return nil, fmt.Errorf("read %s: larger than %d bytes", path, maxFileSize)
	}
	return content, nil
}

package injector

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// object calls field for every member; field must read its value.
func (p *parser) object(where string, field func(name string) error) error {
	if null, err := p.open(where, '{', "an object"); null || err != nil {
		return err
	}
	for p.dec.PeekKind() == '"' {
		name, err := p.read()
		if err != nil {
			return err
		}
		if err := field(name); err != nil {
			return err
		}
	}
	_, err := p.dec.ReadToken()
	return err
}

// array calls element at the start of every element; element must read it.
func (p *parser) array(where string, element func() error) error {
	if null, err := p.open(where, '[', "a list"); null || err != nil {
		return err
	}
	for kind := p.dec.PeekKind(); kind != ']' && kind != 0; kind = p.dec.PeekKind() {
		if err := element(); err != nil {
			return err
		}
	}
	_, err := p.dec.ReadToken()
	return err
}

// open reads the start of an object or list. A null stands for an empty one, as in the API server.
func (p *parser) open(where string, want jsontext.Kind, what string) (null bool, err error) {
	switch kind := p.dec.PeekKind(); kind {
	case 'n':
		return true, p.dec.SkipValue()
	case want, 0: // 0: what follows is not JSON, and reading it says so
		_, err = p.dec.ReadToken()
		return false, err
	default:
		return false, p.mismatch(where, what, kind)
	}
}

func (p *parser) mismatch(where, want string, kind jsontext.Kind) error {
	return fmt.Errorf("%s at %s is not %s but %s", where, p.dec.StackPointer(), want, kind)
}

// read reads a string; where it needs no change it is a part of the text that is there already.
func (p *parser) read() (string, error) {
	quoted, err := p.dec.ReadValue()
	if err != nil {
		return "", err
	}
	if bytes.IndexByte(quoted, '\\') < 0 && utf8.Valid(quoted) {
		end := int(p.dec.InputOffset())
		return p.text[end-len(quoted)+1 : end-1], nil
	}
	plain, err := jsontext.AppendUnquote(nil, quoted)
	if err != nil && len(plain) == 0 { // invalid UTF-8 comes with the text repaired
		return "", err
	}
	return string(plain), nil
}

func (p *parser) str(s *string) (err error) {
	switch kind := p.dec.PeekKind(); kind {
	case 'n':
		return p.dec.SkipValue()
	case '"', 0:
		*s, err = p.read()
		return err
	default:
		return p.mismatch("value", "a string", kind)
	}
}

func (p *parser) boolean(b *bool) error {
	kind := p.dec.PeekKind()
	if kind != 't' && kind != 'f' && kind != 'n' && kind != 0 {
		return p.mismatch("value", "a boolean", kind)
	}
	*b = kind == 't'
	return p.dec.SkipValue()
}

// strings reads a map of strings; a null leaves it nil.
func (p *parser) strings(m *map[string]string) error {
	if p.dec.PeekKind() == '{' {
		*m = map[string]string{}
	}
	before := p.bytesSeen
	return p.object("map", func(key string) error {
		var value string
		err := p.str(&value)
		if p.bytesSeen += len(key) + len(value); p.bytesSeen-before > maxMetadata {
			p.exceeds(AnnotationsTooLarge)
			return err
		}
		(*m)[key] = value
		return err
	})
}

package wan

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/telepod/telepod/test/ports"
)

// echo echoes every line.
func echo(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c); c.Close() }()
		}
	}()
	return listener.Addr().String()
}

func open(t *testing.T, roundTrip time.Duration) *Link {
	t.Helper()
	l, err := New(fmt.Sprintf("127.0.0.1:%d", ports.ForTest(t, "127.0.0.1", 1)[0]), echo(t), roundTrip)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Cut)
	return l
}

func dial(t *testing.T, l *Link) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", l.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func exchange(t *testing.T, c net.Conn, line string) {
	t.Helper()
	if _, err := fmt.Fprintln(c, line); err != nil {
		t.Fatal(err)
	}
	answer, err := bufio.NewReader(c).ReadString('\n')
	if err != nil || answer != line+"\n" {
		t.Fatalf("the answer is %q, %v", answer, err)
	}
}

func TestLinkDelaysAndCounts(t *testing.T) {
	const roundTrip = 50 * time.Millisecond
	l := open(t, roundTrip)
	c := dial(t, l)
	began := time.Now()
	exchange(t, c, "hello")
	if took := time.Since(began); took < 2*roundTrip {
		t.Errorf("handshake and answer took %s, less than two round trips", took)
	}
	began = time.Now()
	exchange(t, c, "again")
	if took := time.Since(began); took < roundTrip {
		t.Errorf("an answer took %s, less than a round trip", took)
	}
	if out, back := l.Carried(); out != 12 || back != 12 {
		t.Errorf("carried %d and %d bytes, want 12 and 12", out, back)
	}
}

func TestHalfCloseKeepsTheOtherDirectionOpen(t *testing.T) {
	c := dial(t, open(t, 0))
	if _, err := c.Write([]byte("the last line")); err != nil {
		t.Fatal(err)
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if answer, err := io.ReadAll(c); err != nil || string(answer) != "the last line" {
		t.Errorf("the answer is %q, %v", answer, err)
	}
}

func TestCutClosesAndRefuses(t *testing.T) {
	l := open(t, 0)
	c := dial(t, l)
	exchange(t, c, "hello")
	l.Cut()
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is still open")
	}
	if _, err := net.Dial("tcp", l.address); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a new connection: %v, want connection refused", err)
	}
	if err := l.Restore(); err != nil {
		t.Fatal(err)
	}
	exchange(t, dial(t, l), "back")
}

func TestSwallowedBytesArriveAfterRestore(t *testing.T) {
	l := open(t, 0)
	c := dial(t, l)
	exchange(t, c, "hello")
	l.Swallow()
	if _, err := fmt.Fprintln(c, "held back"); err != nil {
		t.Fatal(err)
	}
	if err := c.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, errTimeout(err)) {
		t.Errorf("read %d bytes, %v, want none", n, err)
	}
	if err := l.Restore(); err != nil {
		t.Fatal(err)
	}
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if answer, err := bufio.NewReader(c).ReadString('\n'); err != nil || answer != "held back\n" {
		t.Errorf("later read %q, %v", answer, err)
	}
}

// errTimeout returns the error if it is a timeout.
func errTimeout(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return err
	}
	return errors.New("not a timeout")
}

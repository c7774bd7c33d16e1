// Calls with pointers to structs, durations and nil, of which each prints the line that `gotap trace`
// is to show of it: what it was given, though it writes over that, and what it returned.
package main

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

type Account struct {
	ID       int64
	Name     string
	Limit    time.Duration
	Rate     float64
	Password string
	Open     bool
	Next     *Account
}

// Wide has more fields than are shown, and no text among the first.
type Wide struct {
	A, B, C, D, E, F, G, H, I uint16
	Name                      string
}

// Bare has nothing to show.
type Bare struct{ Next *Bare }

func (a *Account) shown() string {
	if a == nil {
		return "nil"
	}
	return fmt.Sprintf(`&main.Account{ID:%d Name:"%s" Limit:%v Rate:%v Password:<redacted> Open:%t ...}`, a.ID, a.Name, a.Limit, a.Rate, a.Open)
}

func (w *Wide) shown() string {
	if w == nil {
		return "nil"
	}
	return fmt.Sprintf("&main.Wide{A:%d B:%d C:%d D:%d E:%d F:%d G:%d H:%d ...}", w.A, w.B, w.C, w.D, w.E, w.F, w.G, w.H)
}

//go:noinline
func Change(a *Account, timeout time.Duration) (*Account, error) {
	given := fmt.Sprintf("a=%s, timeout=%v", a.shown(), timeout)
	timeout = -1
	if a == nil {
		fmt.Printf("main.Change(%s) = nil, no account\n", given)
		return nil, errors.New("no account")
	}
	a.ID, a.Name, a.Limit, a.Open = -a.ID, strings.ToUpper(a.Name), a.Limit*2, !a.Open
	fmt.Printf("main.Change(%s) = %s, <nil>\n", given, a.shown())
	return a, nil
}

//go:noinline
func (w *Wide) Add(other *Wide, bare *Bare) time.Duration {
	fmt.Printf("main.(*Wide).Add(w=%s, other=%s, bare=0x) = %v\n", w.shown(), other.shown(), time.Duration(w.A)*time.Hour)
	return time.Duration(w.A) * time.Hour
}

func main() {
	first := &Account{7, "ann", 1500 * time.Millisecond, 0.5, "hunter2", true, nil}
	Change(first, 30*time.Millisecond)
	Change(first, time.Second)
	Change(&Account{Name: "a } brace, b=&main.Wide{", Next: first}, 0)
	Change(nil, -90*time.Minute)
	wide := &Wide{A: 1, I: 9, H: 8, Name: "wide"}
	wide.Add(nil, nil)
	wide.Add(wide, &Bare{})
}

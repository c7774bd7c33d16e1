// Package payment asks banks for money, and tries again when that fails.
package payment

import (
	"fmt"
	"sync/atomic"
	"time"
)

// Charge is one payment.
type Charge struct {
	Order string
	Bank  string
	Cents int64
}

// Client talks to the banks.
type Client struct {
	Down     map[string]bool
	Attempts int64 // so many posts in all
	Failed   int64 // so many of them failed
}

// Pay makes a payment, with eight attempts at most and hardly a pause.
func (c *Client) Pay(charge *Charge) error {
	var err error
	for attempt := 1; attempt <= 8; attempt++ {
		if err = c.post(charge, attempt); err == nil {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	return fmt.Errorf("payment: gave up: %w", err)
}

func (c *Client) post(charge *Charge, attempt int) error {
	atomic.AddInt64(&c.Attempts, 1)
	if c.Down[charge.Bank] {
		atomic.AddInt64(&c.Failed, 1)
		return fmt.Errorf("POST https://%s/charges: 503 Service Unavailable", charge.Bank)
	}
	return nil
}

// Package orders answers requests for orders; a wrapper turns panics into the status 500.
package orders

import "errors"

// Handler answers a request with a status.
type Handler func(path string) int

// Item is a row of an order.
type Item struct {
	Name   string
	Coupon *Coupon
	Cents  int
}

// Coupon takes something off the price.
type Coupon struct{ Off int }

// Orders knows the orders.
type Orders struct{ ByPath map[string][]Item }

// Recoverer answers 500 where the handler panics, and says so nowhere.
func Recoverer(next Handler) Handler {
	return func(path string) (status int) {
		defer func() {
			if recover() != nil {
				status = 500
			}
		}()
		return next(path)
	}
}

// Serve answers with the total of an order.
func (o *Orders) Serve(path string) int {
	items, known := o.ByPath[path]
	if !known {
		return 404
	}
	if _, err := total(items); err != nil {
		return 400
	}
	return 200
}

// total adds up an order. An item without a coupon is not thought of.
func total(items []Item) (int, error) {
	sum := 0
	for _, item := range items {
		sum += item.Cents - item.Coupon.Off
	}
	if sum < 0 {
		return 0, errors.New("orders: less than nothing")
	}
	return sum, nil
}

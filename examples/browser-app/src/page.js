// Asks the server that this page came from, and nobody else: there is no token here, and none to be stolen.
const list = document.querySelector('#orders')

const answer = await fetch('/api/orders')
if (answer.ok) {
  for (const { order, item } of await answer.json()) {
    const line = document.createElement('li')
    line.textContent = `${order}: ${item}`
    list.append(line)
  }
} else {
  const line = document.createElement('li')
  line.textContent = answer.status === 401 ? 'Your sign-in has ended. Load the page again.' : 'The orders cannot be read now.'
  list.append(line)
}
